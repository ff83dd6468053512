import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import fc from "fast-check";
import { afterAll, expect, test, vi } from "vitest";
import { createTar } from "../../../lib/tar/index.ts";
import { createRegistryClient } from "../../../registry/client/registry-client.ts";
import { digestOf, mediaTypes, parseReference } from "../../../spec/index.ts";
import { createLeases } from "../../../store/images/leases.ts";
import { openBlobStore } from "../../../store/index.ts";
import { createPacker, openLayerStore } from "../../../store/layers/index.ts";
import { createArchives, createTrees } from "../../../store/trees/index.ts";
import { findProgram } from "../../../system/index.ts";
import { parseOutputOptions, pushImages } from "../index.ts";
import { type CacheEntry, encodeCacheDocument, parseCacheDocument } from "./cache-document.ts";
import { exportCache } from "./export-cache.ts";
import { importCache } from "./import-cache.ts";
import { inlineCache, readInlineCache } from "./inline-cache.ts";
import { pullCache, pushCache } from "./registry-cache.ts";

const base = mkdtempSync(join(tmpdir(), "berth-cache-"));
const packer = createPacker();
const archives = createArchives();
const trees = createTrees();
const { signal } = new AbortController();
const closing: (() => Promise<void>)[] = [() => packer.close(), () => archives.close(), () => trees.close()];
afterAll(async () => {
  for (const close of closing) await close();
  rmSync(base, { recursive: true });
});

async function host(name: string) {
  const root = join(base, name);
  mkdirSync(root);
  const blobs = await openBlobStore(root);
  const layers = await openLayerStore({ folder: join(root, "layers"), trees });
  closing.unshift(
    () => blobs.close(),
    () => layers.close(),
  );
  return { blobs, layers, archives, leases: createLeases() };
}

const registryProgram = findProgram("docker-registry");

async function startRegistry(): Promise<string> {
  const folder = join(base, "registry");
  mkdirSync(folder);
  const probe = createServer();
  await new Promise<void>((resolve) => probe.listen(0, "127.0.0.1", resolve));
  const domain = `127.0.0.1:${(probe.address() as AddressInfo).port}`;
  await new Promise((resolve) => probe.close(resolve));
  const config = ["version: 0.1", `storage: {filesystem: {rootdirectory: ${folder}}}`, `http: {addr: "${domain}"}`];
  writeFileSync(join(base, "config.yml"), config.join("\n"));
  const server = spawn(registryProgram ?? "", ["serve", join(base, "config.yml")], { stdio: "ignore" });
  closing.unshift(async () => void server.kill("SIGKILL"));
  await vi.waitFor(async () => expect((await fetch(`http://${domain}/v2/`)).status).toBe(200), { timeout: 10_000 });
  return domain;
}

async function layer(at: Awaited<ReturnType<typeof host>>, content: string) {
  const tar = createTar([{ name: "f", content }]);
  const digest = await at.blobs.put(tar);
  return { diffId: digest, blob: { mediaType: mediaTypes.ociLayer, digest, size: tar.length } };
}

const keyOf = (text: string) => digestOf(text);

test("what one host exports another uses: layers by key, cache mounts whole", async () => {
  const from = await host("from");
  const [one, two] = [await layer(from, "1"), await layer(from, "2")];
  const entries: CacheEntry[] = [
    { key: keyOf("b"), layers: [one, two], value: { env: ["A=1"] } },
    { key: keyOf("a"), layers: [one], value: null },
  ];
  const mount = join(base, "mount");
  mkdirSync(mount, { mode: 0o751 });
  writeFileSync(join(mount, "pkg"), "cached");
  const mounts = [{ id: "npm", key: keyOf("k").slice(7), path: mount }];
  const bytes = await (await exportCache({ entries, mounts, packer, signal }, from)).toArray();
  expect(from.leases.idle).toBe(true);
  const again = await (await exportCache({ entries: [...entries].reverse(), mounts, packer, signal }, from)).toArray();
  expect(digestOf(Buffer.concat(again))).toBe(digestOf(Buffer.concat(bytes)));

  const to = await host("to");
  const cache = await importCache(Readable.from(bytes), to, signal);
  expect(cache.find(keyOf("c"))).toBeUndefined();
  const found = cache.find(keyOf("b"));
  expect(found?.value).toEqual({ env: ["A=1"] });
  if (found === undefined) throw new Error("unreachable");
  const chainIds = await cache.materialise(found, signal);
  expect(readFileSync(join(to.layers.get(chainIds[1] ?? "")?.path ?? "", "f"), "utf8")).toBe("2");
  const target = join(base, "filled");
  mkdirSync(target, { mode: 0o700 });
  const [npm] = cache.mounts;
  if (npm === undefined) throw new Error("unreachable");
  expect(npm).toMatchObject({ id: "npm", key: keyOf("k") });
  await cache.fillMount(npm, target, signal);
  expect(readFileSync(join(target, "pkg"), "utf8")).toBe("cached");
  expect(statSync(target).mode & 0o777).toBe(0o751);
  cache.close();
  expect(to.leases.idle).toBe(true);
});

test.runIf(registryProgram)("a registry holds caches and images", async () => {
  const domain = await startRegistry();
  const clients = (name: string) => {
    const client = createRegistryClient({ domain: name, userAgent: "berth-test" });
    closing.unshift(async () => client.close());
    return client;
  };
  const from = { ...(await host("pusher")), clients };
  const one = await layer(from, "one");
  const entries = [{ key: keyOf("k"), layers: [one], value: 1 }];
  const reference = parseReference(`${domain}/team/cache:main`);
  await pushCache(reference, { entries, packer, signal }, from);
  const to = { ...(await host("puller")), clients };
  const cache = await pullCache(reference, to, signal);
  expect(cache.find(keyOf("other"))).toBeUndefined();
  expect(to.blobs.has(one.blob.digest)).toBe(false);
  const entry = cache.find(keyOf("k"));
  if (entry === undefined) throw new Error("unreachable");
  const [chainId = ""] = await cache.materialise(entry, signal);
  expect(readFileSync(join(to.layers.get(chainId)?.path ?? "", "f"), "utf8")).toBe("one");
  cache.close();
  await expect(pullCache(parseReference(`${domain}/team/none:x`), to, signal)).rejects.toMatchObject({
    kind: "not-found",
  });
  // An image is no cache.
  const config = Buffer.from(
    JSON.stringify({ os: "linux", architecture: "amd64", rootfs: { diff_ids: [one.diffId] } }),
  );
  const image = { platform: { os: "linux", architecture: "amd64" }, config, layers: [one] };
  const options = parseOutputOptions("image", { name: `${domain}/app:1,${domain}/app:2`, push: "true" });
  const pushed = await pushImages(
    [image, { ...image, platform: { os: "linux", architecture: "arm64" } }],
    options,
    from,
    signal,
  );
  expect(pushed.map(({ reference: name }) => name)).toEqual([`${domain}/app:1`, `${domain}/app:2`]);
  const list = await clients(domain).resolve({ path: "app", tag: "2" }, { accept: [mediaTypes.dockerIndex] });
  expect(list.digest).toBe(pushed[1]?.digest);
  await pushImages([image], options, from, signal);
  await expect(pullCache(parseReference(`${domain}/app:1`), to, signal)).rejects.toThrow(/not a build cache|manifest/);
  expect(from.leases.idle && to.leases.idle).toBe(true);
});

test("a cache that lies about a layer, or about a blob, poisons nothing", async () => {
  const from = await host("liar");
  const good = await layer(from, "good");
  const evil = await layer(from, "evil");
  const entries = [{ key: keyOf("x"), layers: [{ diffId: good.diffId, blob: evil.blob }], value: null }];
  const bytes = Buffer.concat(await (await exportCache({ entries, packer, signal }, from)).toArray());
  const to = await host("victim");
  const cache = await importCache(Readable.from([bytes]), to, signal);
  const [entry] = [cache.find(keyOf("x"))];
  if (entry === undefined) throw new Error("unreachable");
  await expect(cache.materialise(entry, signal)).rejects.toMatchObject({ kind: "corrupt" });
  expect(to.layers.list()).toEqual([]);
  // The same archive with other bytes under the blob's name.
  const at = bytes.indexOf("evil");
  const forged = Buffer.from(bytes);
  forged.write("EVIL", at);
  await expect(importCache(Readable.from([forged]), await host("third"), signal)).rejects.toMatchObject({
    kind: "corrupt",
  });
});

test("any document is read or refused, and one that was written is read the same", () => {
  const digest = fc.string().map(keyOf);
  const entry = fc.record({
    key: digest,
    layers: fc.array(
      digest.map((diffId) => ({ diffId, blob: { mediaType: mediaTypes.ociLayer, digest: diffId, size: 1 } })),
      { maxLength: 5 },
    ),
    value: fc.jsonValue({ noUnicodeString: true } as object),
  });
  fc.assert(
    fc.property(fc.uniqueArray(entry, { selector: ({ key }) => key }), (entries) => {
      const { entries: read } = parseCacheDocument(encodeCacheDocument({ entries, mounts: [] }));
      const sorted = [...entries].sort((a, b) => (a.key < b.key ? -1 : 1));
      expect(JSON.stringify(read)).toBe(JSON.stringify(sorted));
    }),
  );
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
      expect(() => parseCacheDocument(Buffer.from(text))).toThrow(/build cache/);
    }),
  );
});

test("inline: what an image's own layers tell", () => {
  const layers = ["1", "2", "3"].map((name) => ({
    diffId: keyOf(name),
    blob: { mediaType: mediaTypes.ociLayer, digest: keyOf(name), size: 1 },
  }));
  const entries = [
    { key: keyOf("a"), layers: layers.slice(0, 1), value: 1 },
    { key: keyOf("b"), layers: layers.slice(0, 2), value: { x: "y" } },
    { key: keyOf("c"), layers: layers.slice(1), value: null },
  ];
  const config = {
    "berth.buildcache.v1": inlineCache(
      entries,
      layers.map(({ diffId }) => diffId),
    ),
  };
  const read = readInlineCache(JSON.parse(JSON.stringify(config)) as Record<string, unknown>, layers);
  expect(new Set(read.map(({ key }) => key))).toEqual(new Set([keyOf("a"), keyOf("b")]));
  expect(read.find(({ key }) => key === keyOf("b"))).toEqual(entries[1]);
  expect(readInlineCache({}, layers)).toEqual([]);
  for (const records of [[null], [{ key: "x" }], [{ key: keyOf("a"), layers: 4 }], "x"])
    expect(() => readInlineCache({ "berth.buildcache.v1": { schema: 1, records } }, layers)).toThrow(/broken/);
});
