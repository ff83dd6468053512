import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createTar } from "../../lib/tar/index.ts";
import type { ContextLine } from "../../spec/api/index.ts";
import { openSyncedFolders, type SyncedFolders } from "./synced-folders.ts";

let root = "";
let folders: SyncedFolders;

beforeEach(async () => {
  root = mkdtempSync("/dev/shm/berth-synced-");
  folders = await openSyncedFolders(root);
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const TIME = "1700000000123456789";
const file = (path: string, size: number, mtime = TIME, mode = 0o644): ContextLine => [
  path,
  0o100000 | mode,
  size,
  mtime,
];
const directory = (path: string, mode = 0o755): ContextLine => [path, 0o040000 | mode, 0, TIME];
const link = (path: string, target: string): ContextLine => [path, 0o120777, 0, TIME, target];
const manifest = (...lines: ContextLine[]) => Buffer.from(lines.map((line) => `${JSON.stringify(line)}\n`).join(""));

async function* archive(members: Record<string, string>): AsyncGenerator<Buffer> {
  yield createTar(Object.entries(members).map(([name, content]) => ({ name, content })));
}

const look = (id: string) => {
  const held = folders.hold(id);
  held.release();
  return execFileSync("find", [".", "-mindepth", "1", "-printf", "%P %y%m %l %T@\n"], {
    cwd: held.path,
    encoding: "utf8",
  })
    .trim()
    .split("\n")
    .sort();
};

test("a folder comes whole, and then only what changed", async () => {
  const first = manifest(directory("d", 0o750), file("d/a", 1), file("d/b", 2, TIME, 0o755), link("l", "/etc/passwd"));
  const { id, need } = await folders.sync("k", first);
  expect(need).toEqual([1, 2]);
  await folders.receive(id, archive({ "d/a": "A", "d/b": "BB" }));
  expect(look(id)).toEqual([
    "d d750  1700000000.1234567890",
    "d/a f644  1700000000.1234567890",
    "d/b f755  1700000000.1234567890",
    "l l777 /etc/passwd 1700000000.1234567890",
  ]);
  expect(await folders.sync("k", first)).toEqual({ id, need: [] });
  folders.hold(id).release();
  const second = manifest(directory("d"), file("d/b", 2, TIME, 0o755), file("l", 3));
  expect(await folders.sync("k", second)).toEqual({ id, need: [2] });
  await folders.receive(id, archive({ l: "new" }));
  expect(look(id).map((line) => line.split(" ")[0])).toEqual(["d", "d/b", "l"]);
  expect(readFileSync(join(root, id, "files/d/b"), "utf8")).toBe("BB");
});

test("what is known is known after a restart, what was not complete is not", async () => {
  const whole = manifest(file("a", 1));
  const { id } = await folders.sync("k", whole);
  await folders.receive(id, archive({ a: "A" }));
  folders = await openSyncedFolders(root);
  expect((await folders.sync("k", whole)).need).toEqual([]);
  folders.hold(id).release();
  await folders.sync("k", manifest(file("a", 2)));
  folders = await openSyncedFolders(root);
  expect((await folders.sync("k", whole)).need).toEqual([0]);
});

test("a copy that is held or promised is not changed: another one is made", async () => {
  const { id } = await folders.sync("k", manifest(file("a", 1)));
  await folders.receive(id, archive({ a: "A" }));
  const held = folders.hold(id);
  const other = await folders.sync("k", manifest(file("a", 2)));
  expect(other.id).not.toBe(id);
  await folders.receive(other.id, archive({ a: "AA" }));
  expect(readFileSync(join(held.path, "a"), "utf8")).toBe("A");
  await expect(folders.remove(id)).rejects.toThrow("in use");
  held.release();
  await folders.remove(id);
  expect(readdirSync(root)).toEqual([other.id]);
});

test.each([
  [file("../a", 1)],
  [file("/a", 1)],
  [file("a//b", 1)],
  [file("d/a", 1)],
  [file("a\0", 1)],
  [link("l", "x".repeat(5000))],
  [["a", -1, 0, "0"] as ContextLine],
  [["a", 0o100644, 1, "x"] as ContextLine],
])("a manifest with %j is refused", async (line) => {
  await expect(folders.sync("k", manifest(line))).rejects.toThrow("invalid build context");
});

test("nothing comes through a link, twice, or that was not named", async () => {
  await expect(folders.sync("k", manifest(link("d", "/"), file("d/a", 1)))).rejects.toThrow("invalid build context");
  await expect(folders.sync("k", manifest(file("a", 1), file("a", 1)))).rejects.toThrow("invalid build context");
  const lines = manifest(file("a", 1), link("l", `${root}/outside`));
  for (const members of [{ b: "B" }, { a: "AA" }, { l: "L" }, {}]) {
    const { id } = await folders.sync("k", lines);
    await expect(folders.receive(id, archive(members as Record<string, string>))).rejects.toThrow("the build context");
    expect(() => folders.hold(id)).toThrow("no build context");
  }
  expect(existsSync(join(root, "outside"))).toBe(false);
});
