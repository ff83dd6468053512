import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type ContainerRecord, CREATED, mountPointOf } from "./container-record.ts";
import { openContainerRecords } from "./container-records.ts";
import { openRunStates } from "./run-states.ts";

let root = "";
beforeEach(() => {
  root = mkdtempSync("/dev/shm/berth-records-");
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const id = (digit: string) => digit.repeat(64);
const record = (digit: string) => ({ schema: 1, id: id(digit), name: digit }) as ContainerRecord;

async function survey() {
  const warnings: string[] = [];
  const found = await (await openContainerRecords(root)).survey((message) => void warnings.push(message));
  return { ...found, warnings };
}

test("what was saved is found again, with its state", async () => {
  const records = await openContainerRecords(root);
  await records.makeFolder(id("a"));
  await records.save(record("a"), { durable: true });
  await records.saveState(id("a"), { ...CREATED, status: "running" });
  const { containers, halfMade, warnings } = await survey();
  expect(containers).toEqual([{ record: record("a"), state: { ...CREATED, status: "running" } }]);
  expect({ halfMade, warnings }).toEqual({ halfMade: [], warnings: [] });
});

test("a folder without a record and a discarded one are half-made", async () => {
  const records = await openContainerRecords(root);
  await records.makeFolder(id("a"));
  await records.makeFolder(id("b"));
  await records.save(record("b"), { durable: false });
  const rest = await records.discard(id("b"));
  const { containers, halfMade } = await survey();
  expect(containers).toEqual([]);
  expect(halfMade.sort()).toEqual([rest, records.folder(id("a"))].sort());
  await records.discard(id("c"));
});

test.each([
  ["not JSON", "{", 0],
  ["a newer schema", JSON.stringify({ ...record("a"), schema: 2 }), 0],
  ["another's record", JSON.stringify(record("b")), 0],
])("%s is left alone and reported", async (_, text) => {
  mkdirSync(join(root, "containers", id("a")), { recursive: true });
  writeFileSync(join(root, "containers", id("a"), "container.json"), text);
  const { containers, halfMade, warnings } = await survey();
  expect({ containers, halfMade }).toEqual({ containers: [], halfMade: [] });
  expect(warnings).toHaveLength(1);
  expect(existsSync(join(root, "containers", id("a"), "container.json"))).toBe(true);
});

test("an unreadable state is no state; temporary files of a cut-off write go", async () => {
  const records = await openContainerRecords(root);
  await records.makeFolder(id("a"));
  await records.save(record("a"), { durable: false });
  writeFileSync(join(records.folder(id("a")), "state.json"), "");
  writeFileSync(join(records.folder(id("a")), ".state.json.x.tmp"), "");
  expect((await survey()).containers).toEqual([{ record: record("a"), state: undefined }]);
  expect(readdirSync(records.folder(id("a"))).sort()).toEqual(["container.json", "state.json"]);
});

test("run states", async () => {
  const runs = await openRunStates<{ pid: number }>(root);
  await runs.makeFolder(id("a"));
  await runs.makeFolder(id("b"));
  await runs.save(id("a"), { pid: 3 });
  mkdirSync(join(root, "containers/other"));
  expect((await runs.list()).sort()).toEqual([id("a"), id("b")]);
  expect(await runs.load(id("a"))).toEqual({ pid: 3 });
  expect(await runs.load(id("b"))).toBeUndefined();
  await runs.remove(id("a"));
  await runs.remove(id("a"));
  expect(await runs.list()).toEqual([id("b")]);
});

test("mount points as inspect has them", () => {
  const common = { destination: "/d", mode: "ro", readWrite: false, listed: true };
  const path = (name: string) => `/volumes/${name}`;
  expect(mountPointOf({ type: "bind", source: "/s", propagation: "rprivate", ...common }, path)).toEqual({
    Type: "bind",
    Source: "/s",
    Destination: "/d",
    Mode: "ro",
    RW: false,
    Propagation: "rprivate",
  });
  expect(mountPointOf({ type: "volume", source: "", volume: "v", propagation: "", ...common }, path)).toMatchObject({
    Type: "volume",
    Name: "v",
    Source: "/volumes/v",
    Driver: "local",
  });
});
