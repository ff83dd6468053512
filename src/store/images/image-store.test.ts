import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { digestOf, familiar, parseReference } from "../../spec/index.ts";
import { chainIdsOf, type ImageRecord, openImageStore } from "./index.ts";

let root: string;
beforeEach(() => {
  root = mkdtempSync("/dev/shm/berth-images-");
});
afterEach(() => rmSync(root, { recursive: true }));

const record = (name: string, more: Partial<ImageRecord> = {}): ImageRecord => ({
  schema: 1,
  id: digestOf(name),
  mediaType: "application/vnd.oci.image.config.v1+json",
  created: "",
  size: 0,
  config: { architecture: "amd64", os: "linux", config: {}, rootfs: { type: "layers", diff_ids: [] }, history: [] },
  layers: [],
  ...more,
});

test("records and names are there after opening again", async () => {
  const store = await openImageStore(root);
  const [a, b] = [record("a"), record("b", { parent: digestOf("a") })];
  await store.put(a);
  await store.put(b);
  const names = ["x:1", "x:2", `localhost:5000/y@${digestOf("m")}`].map(parseReference);
  await store.references.change(names.map((reference) => ({ reference, id: a.id })));
  const again = await openImageStore(root);
  expect(again.get(a.id)).toEqual(a);
  expect(again.children(a.id)).toEqual([b]);
  expect(again.references.of(a.id).map(familiar)).toEqual(["x:1", "x:2", `localhost:5000/y@${digestOf("m")}`]);
  expect(again.references.get(parseReference("docker.io/library/x:1"))).toBe(a.id);
  await expect(again.remove(a.id)).rejects.toThrow("still has names");
  await again.references.change(names.map((reference) => ({ reference, id: undefined })));
  await again.remove(a.id);
  expect((await openImageStore(root)).list().map(({ id }) => id)).toEqual([b.id]);
});

test("an id is found by a prefix that only it has", async () => {
  const store = await openImageStore(root);
  const ids = [..."abcdefghijklmnopqrs"].map((name) => record(name));
  for (const one of ids) await store.put(one);
  for (const { id } of ids) {
    expect(store.find(id)).toBe(id);
    expect(store.find(id.slice(7, 19))).toBe(id);
  }
  expect(store.find("")).toBeUndefined();
  expect(store.find("sha256:")).toBeUndefined();
  expect(store.find("../..")).toBeUndefined();
  const ambiguous = [..."0123456789abcdef"].find((c) => ids.filter(({ id }) => id.startsWith(c, 7)).length > 1) ?? "";
  expect(store.find(ambiguous)).toBeUndefined();
});

test("a broken record is reported and left alone, and its names wait for it", async () => {
  const store = await openImageStore(root);
  await store.put(record("a"));
  await store.references.change([{ reference: parseReference("x:1"), id: record("a").id }]);
  const path = join(root, "images", `${record("a").id.slice(7)}.json`);
  writeFileSync(path, "{ half");
  const warnings: string[] = [];
  const again = await openImageStore(root, (message) => warnings.push(message));
  expect(warnings.join()).toContain("is left out");
  expect(again.list()).toEqual([]);
  expect(again.unreadable).toEqual([path]);
  expect(again.references.all()).toHaveLength(1);
  expect(readFileSync(path, "utf8")).toBe("{ half");
});

test("changes of names that come at once are all kept", async () => {
  const store = await openImageStore(root);
  await store.put(record("a"));
  const names = Array.from({ length: 20 }, (_, index) => parseReference(`x:t${index}`));
  await Promise.all(names.map((reference) => store.references.change([{ reference, id: record("a").id }])));
  expect((await openImageStore(root)).references.of(record("a").id).length).toBe(20);
});

test("chain ids are those of the image specification", () => {
  const diffs = ["a", "b", "c"].map(digestOf);
  const [first, second, third] = chainIdsOf(diffs);
  expect(first).toBe(diffs[0]);
  expect(second).toBe(digestOf(`${first} ${diffs[1]}`));
  expect(third).toBe(digestOf(`${second} ${diffs[2]}`));
});
