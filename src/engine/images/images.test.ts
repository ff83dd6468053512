import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createTar } from "../../lib/tar/index.ts";
import type { Filters } from "../engine.ts";
import { messagesOf, readAllOf, streamOf, type TestImages, testImages } from "./testing/test-images.ts";

let t: TestImages;
beforeAll(async () => {
  t = await testImages();
});
afterAll(() => t[Symbol.asyncDispose]());

const rootfs = createTar([
  { name: "./", type: "directory" },
  { name: "./etc/", type: "directory" },
  { name: "./etc/hello", content: "hello\n" },
  { name: "./big", content: Buffer.alloc(700_000, "x") },
]);
const filters = (object: Record<string, string[]> = {}): Filters => new Map(Object.entries(object));
const list = (given: Record<string, string[]> = {}, all = false) =>
  t.images.list({ all, filters: filters(given), sharedSize: true, digests: true });
const importOne = async (repo: string, changes: string[] = [], bytes = rootfs): Promise<string> => {
  const [last] = (
    await messagesOf((progress) => t.images.import(streamOf(bytes), { repo, changes, message: "from test" }, progress))
  ).slice(-1);
  return last?.status ?? "";
};
const remove = (ref: string, force = false) => t.images.remove(ref, { force, prune: true });
const failure = (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => "no error",
    (error: Error) => error.message,
  );
const clear = async (): Promise<void> => {
  t.users.clear();
  for (const { Id } of await list({}, true)) await remove(Id, true);
  t.events.length = 0;
};

test("import, inspect, history, list", async () => {
  const id = await importOne("img/one:v1", ['CMD ["sh"]', "LABEL a=b", "ENV X=1"]);
  expect(id).toMatch(/^sha256:[0-9a-f]{64}$/);
  const inspect = await t.images.inspect("img/one:v1");
  expect(inspect).toMatchObject({
    Id: id,
    RepoTags: ["img/one:v1"],
    RepoDigests: [],
    Comment: "from test",
    DockerVersion: "28.0.0-test",
    Config: { Cmd: ["sh"], Labels: { a: "b" }, Env: ["X=1"] },
    Os: "linux",
    Size: 700_006,
  });
  expect(inspect.Config).not.toHaveProperty("Hostname");
  expect(inspect.RootFS.Layers.length).toBe(1);
  expect(readFileSync(join(inspect.GraphDriver.Data?.UpperDir ?? "", "etc/hello"), "utf8")).toBe("hello\n");
  expect(await t.images.history(id.slice(7, 19))).toEqual([
    { Comment: "from test", Created: expect.any(Number), CreatedBy: "", Id: id, Size: 700_006, Tags: ["img/one:v1"] },
  ]);
  expect(await list()).toEqual([
    {
      Containers: -1,
      Created: Math.floor(Date.parse(inspect.Created) / 1000),
      Id: id,
      Labels: { a: "b" },
      ParentId: "",
      RepoDigests: [],
      RepoTags: ["img/one:v1"],
      SharedSize: 0,
      Size: 700_006,
    },
  ]);
  expect(t.events).toEqual([`tag ${id.slice(0, 19)} img/one:v1`, `import ${id.slice(0, 19)} ${id}`]);
  await clear();
});

test("filters of the list", async () => {
  const old = await importOne("app:old", ["LABEL tier=web"]);
  const id = await importOne("registry.test/app:new");
  await t.images.tag(old, "registry.test/team/app:x");
  const names = async (given: Record<string, string[]>) =>
    (await list(given)).flatMap(({ RepoTags }) => RepoTags).sort();
  expect(await names({ label: ["tier=web"] })).toEqual(["app:old", "registry.test/team/app:x"]);
  expect(await names({ label: ["tier", "tier=db"] })).toEqual([]);
  expect(await names({ reference: ["app"] })).toEqual(["app:old"]);
  expect(await names({ reference: ["registry.test/*"] })).toEqual(["registry.test/app:new"]);
  expect(await names({ reference: ["*/*/app:?"] })).toEqual(["registry.test/team/app:x"]);
  expect(await names({ dangling: ["true"] })).toEqual([]);
  expect(await names({ until: ["1h"] })).toEqual([]);
  await remove("registry.test/app:new");
  expect((await list()).map(({ Id }) => Id)).not.toContain(id);
  expect(await failure(list({ foo: ["1"] }))).toBe("invalid filter 'foo'");
  expect(await failure(list({ dangling: ["x"] }))).toBe("invalid filter 'dangling=[x]'");
  expect(await failure(list({ before: ["nope"] }))).toBe("No such image: nope:latest");
  expect(await failure(list({ reference: ["["] }))).toBe("syntax error in pattern");
  await clear();
});

test("names: tag, take over, dangling, not found, refused", async () => {
  const first = await importOne("a:1");
  const second = await importOne("b:1");
  await t.images.tag("b:1", "a:1");
  expect((await t.images.inspect("a:1")).Id).toBe(second);
  expect((await list({ dangling: ["true"] })).map(({ Id, RepoTags }) => [Id, RepoTags])).toEqual([[first, []]]);
  expect(await failure(t.images.inspect("nope"))).toBe("No such image: nope:latest");
  expect(await failure(t.images.inspect(`sha256:${"1".repeat(64)}`))).toBe(`No such image: sha256:${"1".repeat(64)}`);
  expect(await failure(t.images.tag("a:1", "sha256:x"))).toContain("refusing to create an ambiguous tag");
  expect(await failure(t.images.tag("a:1", `x@${first}`))).toBe("refusing to create a tag with a digest reference");
  expect(await failure(t.images.inspect("A"))).toContain("must be lowercase");
  expect(await failure(t.images.inspect("a:1", { platform: "linux/s390x" }))).toContain(
    "does not match the specified platform",
  );
  await clear();
});

test("removal: names first, the image with the last one, and its layer when no other image has it", async () => {
  const one = await importOne("x:1");
  const two = await importOne("x:2");
  await t.images.tag(one, "y:1");
  expect(await remove("x:1")).toEqual([{ Untagged: "x:1" }]);
  expect(await remove("y:1")).toEqual([{ Untagged: "y:1" }, { Deleted: one }]);
  const layer = (await t.images.inspect("x:2")).RootFS.Layers[0];
  expect(await remove(two.slice(7, 20))).toEqual([{ Untagged: "x:2" }, { Deleted: two }, { Deleted: layer }]);
  expect(readdirSync(join(t.root, "blobs/sha256"))).toEqual([]);
  expect(t.deps.layers.list()).toEqual([]);
  expect(t.events.slice(-2)).toEqual([`untag ${two.slice(0, 19)} ${two}`, `delete ${two.slice(0, 19)} ${two}`]);
  await clear();
});

test("removal: Docker's conflicts", async () => {
  const id = await importOne("x:1");
  const user = { containerId: "c".repeat(64), running: false };
  t.users.set(id, [user]);
  expect(await failure(remove("x:1"))).toBe(
    `conflict: unable to remove repository reference "x:1" (must force) - container cccccccccccc is using its referenced image ${id.slice(7, 19)}`,
  );
  expect(await failure(remove(id))).toBe(
    `conflict: unable to delete ${id.slice(7, 19)} (must be forced) - image is being used by stopped container cccccccccccc`,
  );
  t.users.set(id, [{ ...user, running: true }]);
  expect(await failure(remove(id, true))).toBe(
    `conflict: unable to delete ${id.slice(7, 19)} (cannot be forced) - image is being used by running container cccccccccccc`,
  );
  expect(await remove("x:1", true)).toEqual([{ Untagged: "x:1" }]);
  await t.images.tag(id, "x:1");
  await t.images.tag(id, "y:1");
  t.users.clear();
  expect(await failure(remove(id))).toBe(
    `conflict: unable to delete ${id.slice(7, 19)} (must be forced) - image is referenced in multiple repositories`,
  );
  expect((await remove(id, true)).slice(0, 3)).toEqual([{ Untagged: "x:1" }, { Untagged: "y:1" }, { Deleted: id }]);
  await clear();
});

test("an image that is removed by force under a stopped container keeps its layers until the container goes", async () => {
  const id = await importOne("x:1");
  t.images.acquire(id, "c1");
  expect(await remove("x:1", true)).toEqual([{ Untagged: "x:1" }, { Deleted: id }]);
  expect(await list({}, true)).toEqual([]);
  expect(await failure(t.images.resolve(id))).toContain("No such image");
  expect(t.images.get(id)?.layers.length).toBe(1);
  expect(t.deps.layers.list().length).toBe(1);
  await t.images.release(id, "c1");
  expect(t.images.get(id)).toBeUndefined();
  expect(t.deps.layers.list()).toEqual([]);
  await clear();
});

test("prune takes what has no name, or all that nothing uses", async () => {
  const used = await importOne("x:1");
  const dangling = await importOne("");
  const named = await importOne("z:1", ["LABEL keep=1"]);
  t.users.set(used, [{ containerId: "c", running: false }]);
  expect((await t.images.prune(filters())).ImagesDeleted).toEqual([{ Deleted: dangling }]);
  expect((await t.images.prune(filters({ dangling: ["false"], "label!": ["keep"] }))).ImagesDeleted).toBeNull();
  const pruned = await t.images.prune(filters({ dangling: ["false"], label: ["keep=1"] }));
  expect(pruned).toEqual({ ImagesDeleted: [{ Untagged: "z:1" }, { Deleted: named }], SpaceReclaimed: 0 });
  t.users.clear();
  expect((await t.images.prune(filters({ dangling: ["0"] }))).SpaceReclaimed).toBe(700_006);
  expect(await list({}, true)).toEqual([]);
  expect(await failure(t.images.prune(filters({ foo: [] })))).toBe("invalid filter 'foo'");
});

test.each([
  ["gzip", (bytes: Buffer) => gzipSync(bytes)],
  ["zstd", (bytes: Buffer) => execFileSync("zstd", ["-c"], { input: bytes })],
  ["xz", (bytes: Buffer) => execFileSync("xz", ["-c"], { input: bytes })],
])("a %s archive is imported as the same layer", async (_name, pack) => {
  await importOne("p:1", [], pack(rootfs));
  await importOne("q:1");
  const [one, two] = await Promise.all(["p:1", "q:1"].map((name) => t.images.inspect(name)));
  expect(one?.RootFS).toEqual(two?.RootFS);
  await clear();
});

test("what cannot be imported leaves nothing", async () => {
  expect(await failure(importOne("x:1", ["FOO a"]))).toBe("FOO is not a valid change command");
  expect(await failure(importOne("x:1", [], Buffer.alloc(100_000, "no tar ")))).toContain("invalid tar");
  expect(await failure(importOne("x:1", [], gzipSync(rootfs).subarray(0, 500)))).toContain("invalid gzip data");
  expect(await failure(importOne("X"))).toContain("must be lowercase");
  expect(await failure(t.images.import(streamOf(rootfs), { changes: [], platform: "windows" }, () => {}))).toBe(
    "operating system is not supported",
  );
  expect(await list({}, true)).toEqual([]);
  expect(t.deps.layers.list()).toEqual([]);
  expect(readdirSync(join(t.root, "blobs/sha256"))).toEqual([]);
  expect(readdirSync(join(t.root, "blobs/ingest"))).toEqual([]);
});

test("save and load: the same images, names and layers, also for names of one repository and ids", async () => {
  const one = await importOne("s/app:1", ["LABEL a=b"]);
  await t.images.tag(one, "s/app:2");
  const two = await importOne("s/other:1", [], gzipSync(rootfs));
  const archive = await readAllOf(await t.images.save(["s/app", "s/other:1"], {}));
  const names = execFileSync("tar", ["tf", "-"], { input: archive, encoding: "utf8" }).split("\n");
  expect(names).toEqual(expect.arrayContaining(["manifest.json", "index.json", "oci-layout", "repositories"]));
  expect(await failure(t.images.save(["nope:1"], {}))).toBe("reference does not exist");
  expect(await failure(t.images.save(["nope"], {}))).toBe("No such image: nope");
  await clear();
  const messages = await messagesOf((progress) => t.images.load(streamOf(archive), { quiet: true }, progress));
  expect(messages.map(({ stream }) => stream).sort()).toEqual([
    "Loaded image: s/app:1\n",
    "Loaded image: s/app:2\n",
    "Loaded image: s/other:1\n",
  ]);
  expect((await t.images.inspect("s/app:2")).Id).toBe(one);
  expect((await t.images.inspect("s/other:1")).Id).toBe(two);
  const byId = await readAllOf(await t.images.save([one], {}));
  await clear();
  const [loaded] = (
    await messagesOf((progress) => t.images.load(streamOf(gzipSync(byId)), { quiet: false }, progress))
  ).slice(-1);
  expect(loaded?.stream).toBe(`Loaded image ID: ${one}\n`);
  await clear();
});

test("everything is there after opening again, and a lost layer is unpacked from its blob", async () => {
  const id = await importOne("r:1");
  const layer = t.deps.layers.list()[0];
  if (layer === undefined) throw new Error("no layer");
  await t.deps.layers.remove(layer.chainId);
  t = await t.reopen();
  const record = await t.images.resolve("r:1");
  expect(record.id).toBe(id);
  expect(existsSync(join(t.deps.layers.get(layer.chainId)?.path ?? "", "etc/hello"))).toBe(true);
  await t.images.collectGarbage();
  expect(t.deps.blobs.has(id)).toBe(true);
  await clear();
});
