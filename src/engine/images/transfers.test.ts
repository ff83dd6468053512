import { expect, test } from "vitest";
import { deferred } from "../../lib/index.ts";
import { createTransfers, type TransferSink } from "./transfers.ts";

function watcher(): TransferSink & { seen: string[] } {
  const seen: string[] = [];
  return { seen, status: (text) => seen.push(text), bytes: (action, current) => seen.push(`${action} ${current}`) };
}

test("the second joins the first, sees where it is, and shares its result", async () => {
  const transfers = createTransfers<number>();
  const gate = deferred<number>();
  const [a, b] = [watcher(), watcher()];
  let runs = 0;
  const work = (sink: TransferSink): Promise<number> => {
    runs++;
    sink.status("one");
    return gate.promise.then((value) => {
      sink.bytes("two", 2, 2);
      return value;
    });
  };
  const first = transfers.join("k", a, new AbortController().signal, work);
  await Promise.resolve();
  await Promise.resolve();
  const second = transfers.join("k", b, new AbortController().signal, work);
  gate.resolve(7);
  expect(await Promise.all([first, second])).toEqual([7, 7]);
  expect([runs, a.seen, b.seen]).toEqual([1, ["one", "two 2"], ["one", "two 2"]]);
});

test("work is cancelled with the last who wants it, and begun anew for the next", async () => {
  const transfers = createTransfers<string>();
  const signals: AbortSignal[] = [];
  const work = (_: TransferSink, signal: AbortSignal): Promise<string> => {
    signals.push(signal);
    return new Promise((_, reject) => signal.addEventListener("abort", () => reject(new Error("stopped"))));
  };
  const [one, two] = [new AbortController(), new AbortController()];
  const both = [one, two].map((control) => transfers.join("k", watcher(), control.signal, work).catch(() => "left"));
  await new Promise((resolve) => setImmediate(resolve));
  one.abort();
  expect(signals[0]?.aborted).toBe(false);
  two.abort();
  expect(await Promise.all(both)).toEqual(["left", "left"]);
  expect(signals[0]?.aborted).toBe(true);
  expect(await transfers.join("k", watcher(), new AbortController().signal, async () => "again")).toBe("again");
});

test("a failure is everyone's, and is not kept", async () => {
  const transfers = createTransfers<string>();
  const fail = () => Promise.reject(new Error("no"));
  const results = [0, 1].map(() => transfers.join("k", watcher(), new AbortController().signal, fail));
  expect((await Promise.allSettled(results)).map(({ status }) => status)).toEqual(["rejected", "rejected"]);
  expect(await transfers.join("k", watcher(), new AbortController().signal, async () => "yes")).toBe("yes");
});
