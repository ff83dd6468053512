import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { UpstreamServer } from "../names/index.ts";
import { type Ask, type AskListener, exchange } from "./exchange.ts";
import { createSlots } from "./slots.ts";
import { tryOrder } from "./try-order.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const server = (address: string, from: UpstreamServer["from"] = "host"): UpstreamServer => ({ address, from });
const [a, b, c, d] = ["10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.4"].map((address) => server(address));
const servers = [a, b, c, d].flatMap((each) => each ?? []);
const packet = (rcode: number) => Buffer.from([0, 0, 0x80, rcode]);

/** Records what is asked and lets the test answer. */
function recorder() {
  const asked: { server: UpstreamServer; listener: AskListener; stopped: boolean }[] = [];
  const ask: Ask = (to, listener) => {
    const entry = { server: to, listener, stopped: false };
    asked.push(entry);
    return () => {
      entry.stopped = true;
    };
  };
  const at = (index: number) => asked[index] ?? expect.fail(`nothing was asked ${index + 1} times`);
  return { asked, ask, at };
}

const options = { patienceMs: 1000, totalMs: 10_000 };

test("three servers at most, each so many times, slow ones last; from the host none without a way out", () => {
  const upstreams = { servers, external: true };
  expect(tryOrder(upstreams, () => false)).toEqual([a, b, c, a, b, c]);
  expect(tryOrder({ ...upstreams, attempts: 1 }, (each) => each === a)).toEqual([b, c, a]);
  const inside = server("10.0.0.9", "container");
  expect(tryOrder({ servers: [...servers, inside], external: false, attempts: 1 }, () => false)).toEqual([inside]);
  expect(tryOrder({ ...upstreams, attempts: 1_000_000 }, () => false)).toHaveLength(15);
});

test("the next server is asked when patience ends, and the first may still answer", async () => {
  const { asked, ask, at } = recorder();
  const slow: UpstreamServer[] = [];
  const result = exchange(ask, { ...options, tries: servers, onSlow: (each) => slow.push(each) });
  expect(asked).toHaveLength(1);
  vi.advanceTimersByTime(1000);
  expect(asked).toHaveLength(2);
  at(0).listener.reply(packet(0));
  expect(await result).toEqual(packet(0));
  expect(asked.every(({ stopped }) => stopped)).toBe(true);
  expect(slow).toEqual([a]);
  vi.advanceTimersByTime(20_000);
  expect(asked).toHaveLength(2);
});

test("a server that fails is not asked again; the last refusal is the answer where nobody has one", async () => {
  const { asked, ask, at } = recorder();
  const [first, second] = [servers.slice(0, 1), servers.slice(1, 2)].map((list) => [...list]);
  const tries = [...(first ?? []), ...(second ?? []), ...(first ?? []), ...(second ?? [])];
  const result = exchange(ask, { ...options, tries });
  at(0).listener.failed();
  at(1).listener.reply(packet(5));
  expect(await result).toEqual(packet(5));
  expect(asked).toHaveLength(2);
});

test("without servers, or when all are silent, there is no answer in the end", async () => {
  expect(await exchange(recorder().ask, { ...options, tries: [] })).toBeUndefined();
  const result = exchange(recorder().ask, { ...options, tries: servers, totalMs: 2500 });
  await vi.advanceTimersByTimeAsync(2500);
  expect(await result).toBeUndefined();
  const all = exchange(recorder().ask, { ...options, tries: servers.slice(0, 2) });
  await vi.advanceTimersByTimeAsync(3000);
  expect(await all).toBeUndefined();
});

test("slots: so many run, so many wait, the rest is refused", async () => {
  const slots = createSlots(2, 1);
  const begun: number[] = [];
  const ends: (() => void)[] = [];
  const task = (id: number) => () => {
    begun.push(id);
    return new Promise<void>((resolve) => void ends.push(resolve));
  };
  expect([1, 2, 3, 4].map((id) => slots.enter(task(id)))).toEqual([true, true, true, false]);
  expect(begun).toEqual([1, 2]);
  ends[0]?.();
  await vi.waitFor(() => expect(begun).toEqual([1, 2, 3]));
  expect(slots.enter(task(5))).toBe(true);
});
