import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { gunzipSync } from "node:zlib";
import { afterAll, expect, test } from "vitest";
import { createTar, readTar } from "../../lib/tar/index.ts";
import { digestOf, mediaTypes } from "../../spec/index.ts";
import { createLeases } from "../../store/images/leases.ts";
import { openBlobStore } from "../../store/index.ts";
import { createPacker } from "../../store/layers/index.ts";
import { findProgram } from "../../system/index.ts";
import { type BuiltImage, imageArchive, parseOutputOptions, rootArchive } from "./index.ts";

const folder = mkdtempSync(join(tmpdir(), "berth-output-"));
const blobs = await openBlobStore(folder);
const leases = createLeases();
const packer = createPacker();
afterAll(async () => {
  await blobs.close();
  await packer.close();
  rmSync(folder, { recursive: true });
});

async function built(architecture: string): Promise<BuiltImage> {
  const tar = createTar([{ name: "hello", content: `for ${architecture}` }]);
  const digest = await blobs.put(tar);
  const config = Buffer.from(
    JSON.stringify({ os: "linux", architecture, rootfs: { type: "layers", diff_ids: [digest] }, config: {} }),
  );
  const blob = { mediaType: mediaTypes.ociLayer, digest, size: tar.length };
  return { platform: { os: "linux", architecture }, config, layers: [{ diffId: digest, blob }] };
}

async function unpack(stream: Readable): Promise<Map<string, Buffer>> {
  const files = new Map<string, Buffer>();
  for await (const { entry, content } of readTar(stream)) {
    const chunks: Buffer[] = [];
    for await (const chunk of content()) chunks.push(chunk);
    if (entry.type === "file") files.set(entry.name.toString(), Buffer.concat(chunks));
  }
  return files;
}

const sha256 = (bytes: Buffer) => createHash("sha256").update(bytes).digest("hex");

/** Every blob is what its name says; the documents of index.json, followed. */
function follow(files: Map<string, Buffer>) {
  for (const [name, bytes] of files) if (name.startsWith("blobs/")) expect(name).toBe(`blobs/sha256/${sha256(bytes)}`);
  const read = (digest: string) => JSON.parse(String(files.get(`blobs/sha256/${digest.slice(7)}`)));
  return { index: JSON.parse(String(files.get("index.json"))), read };
}

test("type=docker: an OCI layout with the manifest.json that docker load reads", async () => {
  const image = await built("amd64");
  const options = parseOutputOptions("docker", { name: "a/b:1,c", dest: "x.tar" });
  const files = await unpack(await imageArchive("docker", [image], options, { blobs, leases }));
  const { index, read } = follow(files);
  const [item] = JSON.parse(String(files.get("manifest.json")));
  expect(item.RepoTags).toEqual(["a/b:1", "c:latest"]);
  expect(files.get(item.Config)).toEqual(image.config);
  expect(digestOf(gunzipSync(files.get(item.Layers[0]) ?? ""))).toBe(image.layers[0]?.diffId);
  expect(index.manifests.map((each: { annotations: object }) => Object.values(each.annotations))).toEqual([
    ["docker.io/a/b:1", "1"],
    ["docker.io/library/c:latest", "latest"],
  ]);
  const manifest = read(index.manifests[0].digest);
  expect(manifest.mediaType).toBe(mediaTypes.dockerManifest);
  expect(manifest.layers[0].mediaType).toBe(mediaTypes.dockerLayerGzip);
  expect(leases.idle).toBe(true);
});

test("the same image gives the same archive, and several platforms an index", async () => {
  const images = [await built("amd64"), await built("arm64")];
  const options = parseOutputOptions("oci", { "annotation.a": "b", "annotation-index.c": "d", compression: "zstd" });
  const [first, second] = await Promise.all(
    [1, 2].map(async () => unpack(await imageArchive("oci", images, options, { blobs, leases }))),
  );
  expect(second).toEqual(first);
  const { index, read } = follow(first ?? new Map());
  const list = read(index.manifests[0].digest);
  expect(list).toMatchObject({ mediaType: mediaTypes.ociIndex, annotations: { c: "d" } });
  expect(list.manifests.map((each: { platform: object }) => each.platform)).toEqual([
    { os: "linux", architecture: "amd64" },
    { os: "linux", architecture: "arm64" },
  ]);
  const manifest = read(list.manifests[1].digest);
  expect(manifest).toMatchObject({ annotations: { a: "b" }, layers: [{ mediaType: mediaTypes.ociLayerZstd }] });
  await expect(imageArchive("docker", images, options, { blobs, leases })).rejects.toThrow(/manifest lists/);
});

test("what is asked for is understood or refused", () => {
  const wrong: [Record<string, string>, RegExp][] = [
    [{ compression: "lzma" }, /unsupported layer compression type: lzma/],
    [{ nope: "1" }, /unknown option "nope" of output type oci/],
    [{ name: "UPPER" }, /must be lowercase/],
    [{ push: "maybe" }, /option push/],
    [{ "compression-level": "x" }, /compression-level/],
    [{ "annotation-": "x" }, /invalid annotation/],
  ];
  for (const [attributes, message] of wrong) expect(() => parseOutputOptions("oci", attributes)).toThrow(message);
  expect(parseOutputOptions("oci", { "oci-mediatypes": "false" }).ociMediaTypes).toBe(false);
  expect(parseOutputOptions("docker", { compression: "zstd" }).ociMediaTypes).toBe(true);
});

test.runIf(findProgram("skopeo"))("skopeo reads both kinds", async () => {
  const image = await built("amd64");
  for (const type of ["docker", "oci"] as const) {
    const path = join(folder, `${type}.tar`);
    const options = parseOutputOptions(type, { name: "x:1" });
    const stream = await imageArchive(type, [image], options, { blobs, leases });
    writeFileSync(path, Buffer.concat(await stream.toArray()));
    const target = join(folder, `read-${type}`);
    execFileSync("skopeo", ["copy", "-q", `${type}-archive:${path}`, `dir:${target}`]);
    expect(existsSync(join(target, "manifest.json"))).toBe(true);
    const { config } = JSON.parse(readFileSync(join(target, "manifest.json"), "utf8"));
    expect(config.digest).toBe(digestOf(image.config));
  }
});

test("type=tar: a root as it is, times clamped", async () => {
  const root = join(folder, "root");
  mkdirSync(join(root, "d"), { recursive: true });
  writeFileSync(join(root, "d/f"), "content");
  const options = { packer, folder, signal: new AbortController().signal, clampTo: 7 };
  const roots = [{ platform: { os: "linux", architecture: "amd64" }, path: root }];
  const stream = rootArchive({ ...options, roots });
  const names: string[] = [];
  for await (const { entry, content } of readTar(stream)) {
    names.push(entry.name.toString());
    expect(entry.mtime).toBe(7_000_000_000n);
    for await (const _ of content());
  }
  expect(names).toEqual(["d/", "d/f"]);
});
