import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { kindOf } from "../../lib/index.ts";
import { createTar, type TarMember } from "../../lib/tar/index.ts";
import { digestOf, mediaTypes } from "../../spec/index.ts";
import { messagesOf, streamOf, type TestImages, testImages } from "./testing/test-images.ts";

let t: TestImages;
beforeAll(async () => {
  t = await testImages();
});
afterAll(() => t[Symbol.asyncDispose]());

const layer = createTar([{ name: "a", content: randomBytes(20_000) }]);
const upper = createTar([{ name: "b", content: "b" }]);
const config = (layers: Buffer[], more: object = {}): Buffer =>
  Buffer.from(
    JSON.stringify({
      architecture: "amd64",
      os: "linux",
      config: {},
      rootfs: { type: "layers", diff_ids: layers.map(digestOf) },
      history: layers.map(() => ({ created_by: "x" })),
      ...more,
    }),
  );
const hex = (bytes: Buffer): string => digestOf(bytes).slice(7);
const json = (value: unknown): string => JSON.stringify(value);
const blob = (bytes: Buffer): TarMember => ({ name: `blobs/sha256/${hex(bytes)}`, content: bytes });
const described = (bytes: Buffer, mediaType: string) => ({ mediaType, digest: digestOf(bytes), size: bytes.length });

/** The form of before Docker 25: a folder for each layer, configs at the top. */
function oldArchive(
  tags: string[] | null,
  layers = [layer, upper],
  paths = ["one/layer.tar", "two/layer.tar"],
): Buffer {
  return createTar([
    { name: "one/", type: "directory" },
    { name: "one/layer.tar", content: layers[0] ?? Buffer.alloc(0) },
    { name: "two/layer.tar", content: layers[1] ?? Buffer.alloc(0) },
    { name: "three/layer.tar", type: "symlink", linkName: "../one/layer.tar" },
    { name: "config.json", content: config([layer, upper]) },
    { name: "manifest.json", content: json([{ Config: "config.json", RepoTags: tags, Layers: paths }]) },
  ]);
}

function ociArchive(options: {
  layers?: { bytes: Buffer; type: string }[];
  annotations?: Record<string, string>;
  manifest?: object;
  manifestType?: string;
  extra?: TarMember[];
}): Buffer {
  const layers = options.layers ?? [{ bytes: gzipSync(layer), type: mediaTypes.ociLayerGzip }];
  const image = config([layer]);
  const manifest = Buffer.from(
    json({
      schemaVersion: 2,
      mediaType: mediaTypes.ociManifest,
      config: described(image, mediaTypes.ociConfig),
      layers: layers.map(({ bytes, type }) => described(bytes, type)),
      ...options.manifest,
    }),
  );
  const { annotations } = options;
  const entry = { ...described(manifest, options.manifestType ?? mediaTypes.ociManifest), annotations };
  return createTar([
    { name: "oci-layout", content: '{"imageLayoutVersion":"1.0.0"}' },
    { name: "index.json", content: json({ schemaVersion: 2, manifests: [entry] }) },
    ...[image, manifest, ...layers.map(({ bytes }) => bytes)].map(blob),
    ...(options.extra ?? []),
  ]);
}

const load = async (bytes: Buffer, platform?: string): Promise<(string | undefined)[]> =>
  (
    await messagesOf((progress) =>
      t.images.load(streamOf(bytes), { quiet: true, ...(platform === undefined ? {} : { platform }) }, progress),
    )
  ).map(({ stream }) => stream);
const failure = async (bytes: Buffer): Promise<Error> =>
  load(bytes).then(
    () => new Error("no error"),
    (error: Error) => error,
  );
const all = () => t.images.list({ all: true, filters: new Map(), sharedSize: false, digests: true });
const expectNothing = async (): Promise<void> => {
  expect(await all()).toEqual([]);
  expect(t.deps.layers.list()).toEqual([]);
  for (const folder of ["blobs/sha256", "blobs/ingest"]) expect(readdirSync(join(t.root, folder)), folder).toEqual([]);
};
beforeEach(async () => {
  for (const { Id } of await all()) await t.images.remove(Id, { force: true, prune: true });
  await expectNothing();
});

test("an archive of an older Docker: its tags and no others", async () => {
  expect(await load(oldArchive(["app:1", "reg.test/app:2"]))).toEqual([
    "Loaded image: app:1\n",
    "Loaded image: reg.test/app:2\n",
  ]);
  const inspect = await t.images.inspect("app:1");
  expect(inspect.RootFS.Layers).toEqual([layer, upper].map(digestOf));
  expect(inspect.RepoTags).toEqual(["app:1", "reg.test/app:2"]);
  expect(t.events.some((event) => event.startsWith("tag"))).toBe(false);
});

test("a layer given as a link to another one, and one that is there already", async () => {
  expect((await failure(oldArchive(null, [layer, upper], ["three/layer.tar", "two/layer.tar"]))).message).toBe(
    "no error",
  );
  expect((await t.images.inspect(digestOf(config([layer, upper])))).RootFS.Layers.length).toBe(2);
  expect(await load(oldArchive(["again:1"], [Buffer.from("not read: both layers are here"), upper]))).toEqual([
    "Loaded image: again:1\n",
  ]);
});

test.each([
  ["plain", layer, mediaTypes.ociLayer],
  ["gzip", gzipSync(layer), mediaTypes.ociLayerGzip],
  ["zstd", execFileSync("zstd", ["-c"], { input: layer }), mediaTypes.ociLayerZstd],
])("an OCI layout with a %s layer", async (_name, bytes, type) => {
  const name = { "io.containerd.image.name": "docker.io/library/app:oci", "org.opencontainers.image.ref.name": "oci" };
  expect(await load(ociArchive({ layers: [{ bytes, type }], annotations: name }))).toEqual(["Loaded image: app:oci\n"]);
  const record = t.images.get((await t.images.inspect("app:oci")).Id);
  expect(record?.manifest).toBeDefined();
  expect(record?.layers[0]?.blob).toEqual({ mediaType: type, digest: digestOf(bytes), size: bytes.length });
});

test("an OCI layout's bare tag is no name; a taken name moves with a word", async () => {
  const [message] = await load(ociArchive({ annotations: { "org.opencontainers.image.ref.name": "latest" } }));
  expect(message).toMatch(/^Loaded image ID: sha256:/);
  await load(oldArchive(["app:1"]));
  const old = (await t.images.inspect("app:1")).Id;
  expect(await load(ociArchive({ annotations: { "org.opencontainers.image.ref.name": "app:1" } }))).toEqual([
    `The image app:1 already exists, renaming the old one with ID ${old} to empty string\n`,
    "Loaded image: app:1\n",
  ]);
});

test("an index of platforms inside: the wanted one is loaded", async () => {
  const images = ["amd64", "arm64"].map((architecture) => {
    const image = config([layer], { architecture });
    const manifest = Buffer.from(
      json({
        schemaVersion: 2,
        mediaType: mediaTypes.ociManifest,
        config: described(image, mediaTypes.ociConfig),
        layers: [described(layer, mediaTypes.ociLayer)],
      }),
    );
    return {
      image,
      manifest,
      entry: { ...described(manifest, mediaTypes.ociManifest), platform: { os: "linux", architecture } },
    };
  });
  const attestation = {
    ...described(Buffer.from("{}"), mediaTypes.ociManifest),
    platform: { os: "unknown", architecture: "unknown" },
  };
  const index = Buffer.from(
    json({
      schemaVersion: 2,
      mediaType: mediaTypes.ociIndex,
      manifests: [...images.map(({ entry }) => entry), attestation],
    }),
  );
  const top = {
    ...described(index, mediaTypes.ociIndex),
    annotations: { "org.opencontainers.image.ref.name": "multi:1" },
  };
  const archive = createTar([
    { name: "index.json", content: json({ schemaVersion: 2, manifests: [top] }) },
    ...[index, layer, ...images.flatMap(({ image, manifest }) => [image, manifest])].map(blob),
  ]);
  await load(archive);
  expect((await t.images.inspect("multi:1")).Architecture).toBe("amd64");
  await load(archive, "linux/arm64");
  expect((await t.images.inspect("multi:1")).Architecture).toBe("arm64");
});

const bad: [string, () => Buffer, string][] = [
  ["no image", () => createTar([{ name: "x", content: "x" }]), "the archive holds no image"],
  ["a null manifest", () => createTar([{ name: "manifest.json", content: "null" }]), "manifest cannot be null"],
  ["a manifest that is no list", () => createTar([{ name: "manifest.json", content: "{}" }]), "must be a list"],
  ["a manifest that is no JSON", () => createTar([{ name: "manifest.json", content: "[" }]), "is not valid JSON"],
  ["a missing layer", () => oldArchive(null, undefined, ["one/layer.tar", "nope"]), "is not in the archive"],
  ["too few layers", () => oldArchive(null, undefined, ["one/layer.tar"]), "layers length mismatch: expected 1, got 2"],
  [
    "a layer outside",
    () => oldArchive(null, undefined, ["../../etc/passwd", "two/layer.tar"]),
    "is not in the archive",
  ],
  ["another layer than the config says", () => oldArchive(["evil:1"], [upper, upper]), "layer does not verify"],
  ["a bad tag", () => oldArchive(["Evil:1"]), "must be lowercase"],
  ["a tag that is a digest", () => oldArchive([`a@${digestOf("x")}`]), "invalid tag"],
  ["a tag without a tag", () => oldArchive(["a"]), "invalid tag"],
  [
    "a blob of another digest",
    () => ociArchive({ extra: [{ name: `blobs/sha256/${hex(config([layer]))}`, content: "{}" }] }),
    "has digest",
  ],
  [
    "a wrong size",
    () =>
      ociArchive({
        manifest: { layers: [{ ...described(layer, mediaTypes.ociLayer), size: 3 }] },
        extra: [blob(layer)],
      }),
    "is not what its descriptor says",
  ],
  [
    "a layer that is missing",
    () => ociArchive({ manifest: { layers: [described(upper, mediaTypes.ociLayer)] } }),
    "does not hold blob",
  ],
  ["an index that passes as a manifest", () => ociArchive({ manifest: { manifests: [] } }), "its media type is wrong"],
  [
    "a manifest that passes as an index",
    () => ociArchive({ manifestType: mediaTypes.ociIndex }),
    "but it was given as",
  ],
  [
    "a layer of no layer's type",
    () => ociArchive({ layers: [{ bytes: layer, type: "text/html" }] }),
    "unsupported layer media type",
  ],
  [
    "links in a circle",
    () =>
      createTar([
        { name: "manifest.json", type: "symlink", linkName: "a" },
        { name: "a", type: "symlink", linkName: "manifest.json" },
      ]),
    "too many links",
  ],
  [
    "a document without end",
    () => createTar([{ name: "manifest.json", content: Buffer.alloc(9_000_000, " ") }]),
    "is larger than",
  ],
  [
    "a Windows image",
    () =>
      createTar([
        { name: "c", content: config([], { os: "windows" }) },
        { name: "manifest.json", content: json([{ Config: "c", RepoTags: null, Layers: [] }]) },
      ]),
    "cannot load windows image on linux",
  ],
  ["deep indexes", () => nested(6), "nested too deeply"],
];

function nested(depth: number): Buffer {
  const documents: Buffer[] = [];
  let inner = described(Buffer.from("{}"), mediaTypes.ociManifest);
  for (let level = 0; level < depth; level++) {
    const index = Buffer.from(
      json({
        schemaVersion: 2,
        mediaType: mediaTypes.ociIndex,
        manifests: [{ ...inner, platform: { os: "linux", architecture: "amd64" } }],
      }),
    );
    documents.push(index);
    inner = described(index, mediaTypes.ociIndex);
  }
  return createTar([
    { name: "index.json", content: json({ schemaVersion: 2, manifests: [inner] }) },
    ...documents.map(blob),
  ]);
}

test.each(bad)("refused: %s", async (_name, archive, message) => {
  expect((await failure(archive())).message).toContain(message);
  await expectNothing();
});

test("any documents give images or one clear error, and what failed leaves nothing", async () => {
  const value = fc.jsonValue({ maxDepth: 3 });
  await fc.assert(
    fc.asyncProperty(value, value, fc.constantFrom("manifest.json", "index.json"), async (first, second, name) => {
      const archive = createTar([
        {
          name,
          content: json(
            name === "index.json"
              ? { schemaVersion: 2, manifests: first }
              : [{ Config: "c", RepoTags: first, Layers: second }],
          ),
        },
        { name: "c", content: json(second) },
      ]);
      const error = await load(archive).catch((thrown: unknown) => thrown);
      if (error instanceof Error) expect(["invalid", "corrupt", "exhausted"]).toContain(kindOf(error));
    }),
    { numRuns: 25 },
  );
});
