import { mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { readJsonFile, writeFileAtomic } from "./atomic-file.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp("/var/tmp/berth-atomic-");
});
afterEach(() => rm(folder, { recursive: true }));

test("replaces the whole file with the mode asked for", async () => {
  const path = join(folder, "x.json");
  await writeFileAtomic(path, '{"a":1}', { durable: true });
  expect((await stat(path)).mode & 0o777).toBe(0o600);
  await writeFileAtomic(path, '{"a":2}', { durable: false, mode: 0o666 });
  expect((await stat(path)).mode & 0o777).toBe(0o666);
  expect(await readJsonFile(path)).toEqual({ a: 2 });
  expect(await readdir(folder)).toEqual(["x.json"]);
});

test("leaves the old content and no other file when it fails", async () => {
  await expect(writeFileAtomic(join(folder, "none", "x"), "", { durable: true })).rejects.toThrow("ENOENT");
  const taken = join(folder, "folder");
  await writeFileAtomic(join(folder, "y"), "old", { durable: false });
  await import("node:fs/promises").then(({ mkdir }) => mkdir(taken));
  await expect(writeFileAtomic(taken, "new", { durable: false })).rejects.toThrow(/EISDIR|EEXIST|ENOTEMPTY/);
  expect((await readdir(folder)).sort()).toEqual(["folder", "y"]);
  expect(await readFile(join(folder, "y"), "utf8")).toBe("old");
});

test("concurrent writers leave one of the contents, never a mixture", async () => {
  const path = join(folder, "x");
  const contents = Array.from({ length: 20 }, (_, index) => String(index).repeat(10_000));
  await Promise.all(contents.map((content) => writeFileAtomic(path, content, { durable: false })));
  expect(contents).toContain(await readFile(path, "utf8"));
  expect(await readdir(folder)).toEqual(["x"]);
});

test("reads JSON, says what is missing, refuses what is broken or too large", async () => {
  expect(await readJsonFile(join(folder, "missing"))).toBeUndefined();
  await writeFile(join(folder, "broken"), '{"a":');
  await expect(readJsonFile(join(folder, "broken"))).rejects.toMatchObject({ kind: "corrupt" });
  await expect(readJsonFile(join(folder, "broken"), 2)).rejects.toMatchObject({ kind: "exhausted" });
});
