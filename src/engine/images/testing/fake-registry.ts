import { Readable } from "node:stream";
import { gzipSync } from "node:zlib";
import { notFound } from "../../../lib/index.ts";
import { type Descriptor, type Digest, digestOf, mediaTypes } from "../../../spec/index.ts";
import type { ImageRegistry } from "../images-context.ts";

/** What a blob's answer does, once, before the blob is served rightly: cut off after some bytes, or altered. */
export type Fault =
  | { cutAfter: number }
  | { alter: true }
  | { fail: Error }
  | { ignoreRange: true }
  | { stall: Promise<void> };

/** A registry in memory that can misbehave, in place of the client. */
export interface FakeRegistry extends ImageRegistry {
  blobs: Map<Digest, Buffer>;
  manifests: Map<string, { mediaType: string; bytes: Buffer }>;
  faults: Map<Digest, Fault[]>;
  /** "digest@offset" of each blob that was asked for, and the most that were under way at once. */
  requests: string[];
  mostAtOnce: number;
  addBlob(bytes: Buffer, mediaType: string): Descriptor;
  /** An image of these layers (plain tars) under a tag; gives its manifest's descriptor. */
  addImage(
    path: string,
    tag: string,
    layers: readonly Buffer[],
    config?: object,
  ): { manifest: Descriptor; config: Descriptor; layers: Descriptor[] };
  addManifest(path: string, tag: string | undefined, document: object, mediaType: string): Descriptor;
}

export function fakeRegistry(): FakeRegistry {
  const blobs: FakeRegistry["blobs"] = new Map();
  const manifests: FakeRegistry["manifests"] = new Map();
  const faults: FakeRegistry["faults"] = new Map();
  let atOnce = 0;
  const registry: FakeRegistry = {
    blobs,
    manifests,
    faults,
    requests: [],
    mostAtOnce: 0,
    addBlob(bytes, mediaType) {
      const digest = digestOf(bytes);
      blobs.set(digest, bytes);
      return { mediaType, digest, size: bytes.length };
    },
    addManifest(path, tag, document, mediaType) {
      const bytes = Buffer.from(JSON.stringify(document));
      const digest = digestOf(bytes);
      for (const key of [digest, ...(tag === undefined ? [] : [tag])])
        manifests.set(`${path}@${key}`, { mediaType, bytes });
      return { mediaType, digest, size: bytes.length };
    },
    addImage(path, tag, layers, config = {}) {
      const descriptors = layers.map((tar) =>
        registry.addBlob(gzipSync(tar, { level: 1 }), mediaTypes.dockerLayerGzip),
      );
      const document = {
        architecture: "amd64",
        os: "linux",
        created: "2024-01-01T00:00:00Z",
        config: {},
        rootfs: { type: "layers", diff_ids: layers.map(digestOf) },
        ...config,
      };
      const described = registry.addBlob(Buffer.from(JSON.stringify(document)), mediaTypes.dockerConfig);
      const body = { schemaVersion: 2, mediaType: mediaTypes.dockerManifest, config: described, layers: descriptors };
      const manifest = registry.addManifest(path, tag, body, mediaTypes.dockerManifest);
      return { manifest, config: described, layers: descriptors };
    },
    async resolve({ path, tag, digest }) {
      const found = manifests.get(`${path}@${digest ?? tag}`);
      if (found === undefined)
        throw notFound(`manifest for ${path}:${tag ?? digest} not found: manifest unknown: manifest unknown`);
      return { ...found, digest: digestOf(found.bytes) };
    },
    close() {},
    async listTags(path) {
      return [...manifests.keys()].flatMap((key) => {
        const [name, tag = ""] = key.split("@");
        return name === path && !tag.includes(":") ? [tag] : [];
      });
    },
    async fetchBlob(_repository, digest, { offset = 0, signal } = {}) {
      registry.requests.push(`${digest}@${offset}`);
      const bytes = blobs.get(digest);
      if (bytes === undefined) throw notFound("blob unknown");
      const fault = faults.get(digest)?.shift();
      if (fault !== undefined && "fail" in fault) throw fault.fail;
      const start = fault !== undefined && "ignoreRange" in fault ? 0 : offset;
      atOnce++;
      registry.mostAtOnce = Math.max(registry.mostAtOnce, atOnce);
      const stream = Readable.from(serve(bytes.subarray(start), fault, signal), { objectMode: false });
      stream.once("close", () => atOnce--);
      return { stream, size: bytes.length, offset: start };
    },
  };
  return registry;
}

async function* serve(
  bytes: Buffer,
  fault: Fault | undefined,
  signal: AbortSignal | undefined,
): AsyncGenerator<Buffer> {
  if (fault !== undefined && "stall" in fault) await fault.stall;
  const altered = fault !== undefined && "alter" in fault ? Buffer.from(bytes) : bytes;
  if (altered !== bytes)
    altered[Math.floor(altered.length / 2)] = (altered[Math.floor(altered.length / 2)] ?? 0) ^ 0xff;
  const end = fault !== undefined && "cutAfter" in fault ? fault.cutAfter : bytes.length;
  for (let at = 0; at < end; at += 16_384) {
    signal?.throwIfAborted();
    yield altered.subarray(at, Math.min(end, at + 16_384));
    await new Promise((resolve) => setImmediate(resolve));
  }
  if (end < bytes.length) throw Object.assign(new Error("socket hang up"), { code: "ECONNRESET" });
}
