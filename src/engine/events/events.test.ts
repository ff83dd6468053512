import { expect, test } from "vitest";
import type { EventMessage } from "../../spec/api/index.ts";
import { createClock } from "./clock.ts";
import { createEventBus, eventMessage } from "./event-bus.ts";
import { matchesEvent } from "./event-filters.ts";
import { createEvents } from "./subscribe.ts";

const filters = (entries: Record<string, string[]> = {}) => new Map(Object.entries(entries));

async function take(iterable: AsyncIterable<EventMessage>, count: number): Promise<string[]> {
  const actions: string[] = [];
  for await (const event of iterable) {
    actions.push(event.Action);
    if (actions.length === count) break;
  }
  return actions;
}

test("an event has Docker's members, in Docker's order", () => {
  const event = eventMessage("container", "start", "abc", { image: "busybox", name: "x" }, 1_795_214_513_113_350_536n);
  expect(Object.keys(event)).toEqual(["status", "id", "from", "Type", "Action", "Actor", "scope", "time", "timeNano"]);
  expect(event.time).toBe(1_795_214_513);
  expect(Object.keys(eventMessage("volume", "create", "v", { driver: "local" }, 1n))).toEqual([
    "Type",
    "Action",
    "Actor",
    "scope",
    "time",
    "timeNano",
  ]);
});

test("the ring is bounded and its times never repeat", () => {
  const bus = createEventBus(createClock(), 10);
  for (let i = 0; i < 100; i++) bus.emit("container", `a${i}`, "id", {});
  expect(bus.past().map(({ Action }) => Action)).toEqual(Array.from({ length: 10 }, (_, i) => `a${90 + i}`));
  const times = bus.past().map(({ timeNano }) => timeNano);
  expect(new Set(times).size).toBe(10);
  expect([...times].sort((a, b) => (a < b ? -1 : 1))).toEqual(times);
});

test("past events come before live ones and none is lost between subscribing and reading", async () => {
  const bus = createEventBus(createClock());
  bus.emit("container", "one", "id", {});
  const events = createEvents(bus).subscribe({ since: 0n, filters: filters() }, new AbortController().signal);
  bus.emit("container", "two", "id", {});
  expect(await take(events, 2)).toEqual(["one", "two"]);
  expect(bus.listeners).toBe(0);
});

test("without since and until only new events are given", async () => {
  const bus = createEventBus(createClock());
  bus.emit("container", "old", "id", {});
  const events = createEvents(bus).subscribe({ filters: filters() }, new AbortController().signal);
  bus.emit("container", "new", "id", {});
  expect(await take(events, 1)).toEqual(["new"]);
});

test("until in the past ends after the past", async () => {
  const bus = createEventBus(createClock());
  bus.emit("container", "one", "id", {});
  const until = (bus.past()[0]?.timeNano ?? 0n) + 1n;
  bus.emit("container", "two", "id", {});
  const events = createEvents(bus).subscribe({ until, filters: filters() }, new AbortController().signal);
  expect(await take(events, 5)).toEqual(["one"]);
});

test("an aborted reader stops listening, even one that never read", async () => {
  const bus = createEventBus(createClock());
  const abort = new AbortController();
  const events = createEvents(bus).subscribe({ filters: filters() }, abort.signal);
  const reading = take(events, 1);
  createEvents(bus).subscribe({ filters: filters() }, abort.signal);
  expect(bus.listeners).toBe(2);
  abort.abort();
  expect(await reading).toEqual([]);
  expect(bus.listeners).toBe(0);
});

test("a reader that does not read is cut off before its buffer grows without end", async () => {
  const bus = createEventBus(createClock(), 1);
  const events = createEvents(bus).subscribe({ filters: filters() }, new AbortController().signal);
  for (let i = 0; i < 20_000; i++) bus.emit("container", "x", "id", {});
  expect((await take(events, 20_000)).length).toBeLessThanOrEqual(10_001);
});

test.each([
  [{ event: ["exec_create"] }, true],
  [{ event: ["exec"] }, false],
  [{ type: ["container", "image"] }, true],
  [{ type: ["image"] }, false],
  [{ container: ["web"] }, true],
  [{ container: ["/web"] }, true],
  [{ container: ["abcd"] }, true],
  [{ container: ["we"] }, true],
  [{ container: ["eb"] }, false],
  [{ image: ["busybox"] }, true],
  [{ image: ["busybox:1"] }, true],
  [{ image: ["busy"] }, false],
  [{ label: ["a=b"] }, true],
  [{ label: ["a=b", "c"] }, false],
  [{ volume: ["web"] }, false],
  [{ scope: ["local"], type: ["container"] }, true],
])("filter %j passes an exec event: %s", (wanted, passes) => {
  const attributes = { image: "busybox:1", name: "web", a: "b" };
  const event = eventMessage("container", "exec_create: sh", "abcdef", attributes, 1n);
  expect(matchesEvent(event, filters(wanted))).toBe(passes);
});
