import { expect, test } from "vitest";
import { createSharedWork, solveGraph } from "./index.ts";

const never = new AbortController().signal;
const gate = () => {
  let open: () => void = () => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { open: () => open(), opened };
};
const graph = (edges: Record<string, string[]>) =>
  new Map(Object.entries(edges).map(([id, inputs]) => [id, { id, inputs }]));

test("each vertex once, after its inputs, independent ones at the same time, others never", async () => {
  const both = gate();
  const begun: string[] = [];
  const results = await solveGraph(
    graph({ a: [], b: [], c: ["a", "b"], d: ["c", "a"], unused: [] }),
    ["d"],
    never,
    async ({ id }, inputs: ReadonlyMap<string, string>) => {
      begun.push(id);
      if (begun.length === 2) both.open();
      if (id === "a" || id === "b") await both.opened;
      return `${id}(${[...inputs.values()].join()})`;
    },
  );
  expect(begun).toEqual(["a", "b", "c", "d"]);
  expect(results.get("d")).toBe("d(c(a(),b()),a())");
});

test("a failure cancels the others, and is told when they have come to rest", async () => {
  let rested = false;
  const solving = solveGraph(graph({ a: [], b: [] }), ["a", "b"], never, async ({ id }, _inputs, signal) => {
    if (id === "a") throw new Error("a failed");
    await new Promise((resolve) => signal.addEventListener("abort", resolve));
    rested = true;
    throw signal.reason;
  });
  await expect(solving).rejects.toThrow("a failed");
  expect(rested).toBe(true);
});

test("equal work is done once; it goes on until the last asker has left", async () => {
  const shared = createSharedWork<string>();
  const [first, second] = [new AbortController(), new AbortController()];
  const done = gate();
  let runs = 0;
  let cancelled = false;
  const heard: string[][] = [[], []];
  const work = async (signal: AbortSignal, emit: (event: string) => void) => {
    runs++;
    emit("begun");
    signal.addEventListener("abort", () => {
      cancelled = true;
      done.open();
    });
    await done.opened;
    signal.throwIfAborted();
    return "result";
  };
  const ask = (control: AbortController, at: number) =>
    shared.run("key", { signal: control.signal, listen: (event) => heard[at]?.push(event) }, work);
  const one = ask(first, 0);
  one.catch(() => {});
  await Promise.resolve();
  const two = ask(second, 1);
  await new Promise((resolve) => setImmediate(resolve));
  first.abort(new Error("gone"));
  await expect(one).rejects.toThrow("gone");
  expect(cancelled).toBe(false);
  done.open();
  expect(await two).toBe("result");
  await expect(one).rejects.toThrow("gone");
  expect([runs, heard]).toEqual([1, [["begun"], ["begun"]]]);
  const third = new AbortController();
  const last = ask(third, 0);
  third.abort(new Error("enough"));
  await expect(last).rejects.toThrow();
});
