import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { digestOf } from "../digest.ts";
import { parseImageConfig } from "./image-config.ts";
import { parseIndex, parseManifest, parseManifestOrIndex } from "./manifest.ts";
import { isLayerType, mediaTypes } from "./media-types.ts";

const bytes = (value: unknown) => Buffer.from(JSON.stringify(value));
const digest = digestOf("x");
const config = { mediaType: mediaTypes.ociConfig, digest, size: 2 };
const layer = { mediaType: mediaTypes.ociLayerGzip, digest, size: 3 };
const manifest = { schemaVersion: 2, mediaType: mediaTypes.ociManifest, config, layers: [layer] };
const index = {
  schemaVersion: 2,
  mediaType: mediaTypes.ociIndex,
  manifests: [
    { mediaType: mediaTypes.ociManifest, digest, size: 5, platform: { os: "linux", architecture: "aarch64" } },
  ],
};
const refused = (message: RegExp) =>
  expect.objectContaining({ message: expect.stringMatching(message), kind: "invalid" });

describe("manifests and indexes", () => {
  test("are read with their descriptors", () => {
    expect(parseManifest(bytes(manifest), mediaTypes.ociManifest)).toEqual(manifest);
    expect(parseIndex(bytes(index)).manifests[0]?.platform).toEqual({ os: "linux", architecture: "arm64" });
    expect(parseManifestOrIndex(bytes(index), mediaTypes.ociIndex).kind).toBe("index");
    expect(parseManifestOrIndex(bytes(manifest)).kind).toBe("manifest");
  });

  test.each([
    ["an index given as a manifest", bytes(index), mediaTypes.ociManifest],
    ["a manifest given as an index", bytes(manifest), mediaTypes.ociIndex],
    ["another type inside than outside", bytes(manifest), mediaTypes.dockerManifest],
    ["both config and manifests", bytes({ ...manifest, manifests: index.manifests }), mediaTypes.ociManifest],
    ["both manifests and layers", bytes({ ...index, layers: [] }), mediaTypes.ociIndex],
    [
      "Docker's type that the document does not state",
      bytes({ ...manifest, mediaType: undefined }),
      mediaTypes.dockerManifest,
    ],
    ["an unknown type", bytes(manifest), "application/x-other"],
    ["schema 1", bytes({ schemaVersion: 1, fsLayers: [] }), mediaTypes.dockerManifestV1Signed],
  ])("refuses %s", (_, document, type) => {
    expect(() => parseManifestOrIndex(document, type)).toThrow(refused(/./));
  });

  test.each([
    [{ ...manifest, config: undefined }, /manifest.config is missing/],
    [{ ...manifest, layers: "x" }, /manifest.layers must be a list/],
    [{ ...manifest, layers: [{ ...layer, size: -1 }] }, /layers\[0\].size must not be negative/],
    [{ ...manifest, layers: [{ ...layer, size: 1.5 }] }, /size must be an integer/],
    [{ ...manifest, layers: [{ ...layer, digest: "sha256:../../etc" }] }, /layers\[0\].digest is not a digest/],
    [{ ...manifest, layers: new Array(1001).fill(layer) }, /more than 1000/],
    [{ ...manifest, schemaVersion: 3 }, /schema version 3/],
    [[], /must be an object/],
  ])("refuses a wrong member (%#)", (document, message) => {
    expect(() => parseManifest(bytes(document))).toThrow(refused(message));
  });

  test("refuses bytes that are not JSON, not UTF-8, or too many", () => {
    expect(() => parseManifest(Buffer.from("{"))).toThrow(refused(/not valid JSON/));
    expect(() => parseManifest(Buffer.from([0x7b, 0xff, 0x7d]))).toThrow(refused(/not valid JSON/));
    expect(() => parseManifest(Buffer.alloc(4 * 1024 * 1024 + 1, 32))).toThrow(/larger than/);
  });
});

describe("image config", () => {
  const document = {
    architecture: "amd64",
    os: "linux",
    created: "2026-01-01T00:00:00Z",
    config: {
      Env: ["A=b"],
      Cmd: ["sh"],
      Entrypoint: null,
      Labels: { ["__proto__"]: "x", a: "\u001b[31m" },
      ExposedPorts: { "80/tcp": {} },
      Unknown: 1,
    },
    rootfs: { type: "layers", diff_ids: [digest] },
    history: [{ created_by: "x", empty_layer: true }],
  };

  test("keeps what it knows and checks it", () => {
    const parsed = parseImageConfig(bytes(document));
    expect(parsed.config).toMatchObject({ Env: ["A=b"], Cmd: ["sh"], ExposedPorts: { "80/tcp": {} } });
    expect(parsed.config).not.toHaveProperty("Unknown");
    expect(parsed.config).not.toHaveProperty("Entrypoint");
    expect(Object.keys(parsed.config.Labels ?? {})).toContain("a");
    expect(parsed.rootfs.diff_ids).toEqual([digest]);
  });

  test.each([
    [{ ...document, rootfs: undefined }, /rootfs is missing/],
    [{ ...document, rootfs: { type: "windows" } }, /not "layers"/],
    [{ ...document, config: { Env: "A=b" } }, /Env must be a list/],
    [{ ...document, config: { Labels: { a: 1 } } }, /Labels\["a"\] must be a string/],
    [{ ...document, history: {} }, /history must be a list/],
  ])("refuses a wrong member (%#)", (value, message) => {
    expect(() => parseImageConfig(bytes(value))).toThrow(refused(message));
  });
});

test("arbitrary JSON is read or refused, never anything else", () => {
  const member = fc.oneof(fc.jsonValue(), fc.constantFrom<unknown>(2, config, [layer], mediaTypes.ociManifest, null));
  const object = fc.record(
    { schemaVersion: member, mediaType: member, config: member, layers: member, manifests: member, rootfs: member },
    { requiredKeys: [] },
  );
  fc.assert(
    fc.property(fc.oneof(object, fc.jsonValue()), (value) => {
      for (const parse of [parseManifest, parseIndex, parseManifestOrIndex, parseImageConfig]) {
        try {
          parse(bytes(value));
        } catch (error) {
          expect(error).toMatchObject({ name: "BerthError" });
        }
      }
    }),
  );
});

test("layer types", () => {
  expect([mediaTypes.ociLayer, mediaTypes.ociLayerZstd, mediaTypes.dockerForeignLayer].every(isLayerType)).toBe(true);
  expect(isLayerType("application/vnd.oci.image.layer.v1.tar+encrypted")).toBe(false);
  expect(isLayerType(mediaTypes.ociConfig)).toBe(false);
});
