import { invalid } from "../../../lib/index.ts";
import { type Descriptor, type Digest, isDigest } from "../../../spec/index.ts";

/** One step that need not be run again: what it was (`key`) and what came of it. */
export interface CacheEntry {
  /** Digest over all that the step depends on, computed by the solver. */
  readonly key: Digest;
  /** All layers of the state after the step, the lowest first. */
  readonly layers: readonly CacheLayer[];
  /** The solver's own: what the step did to the config, and the like. JSON, 64 KiB at most. */
  readonly value: unknown;
}

export interface CacheLayer {
  readonly diffId: Digest;
  readonly blob: Descriptor;
}

/** A cache mount's content, as a packed tar. */
export interface CachedMount {
  readonly id: string;
  readonly key: Digest;
  readonly blob: Descriptor;
}

export interface CacheDocument {
  readonly entries: readonly CacheEntry[];
  readonly mounts: readonly CachedMount[];
}

const ENTRIES = 20_000;
const LAYERS = 1000;
const VALUE = 64 * 1024;
const TEXT = 16 * 1024 * 1024;

/** Each layer is told once, however many steps stand on it. */
interface Stored {
  schema: 1;
  layers: { diffId: Digest; blob: Descriptor }[];
  records: { key: Digest; layers: number[]; value: unknown }[];
  mounts: CachedMount[];
}

/** The document's bytes: the same entries, the same bytes. */
export function encodeCacheDocument({ entries, mounts }: CacheDocument): Buffer {
  const layers: Stored["layers"] = [];
  const places = new Map<Digest, number>();
  const placeOf = ({ diffId, blob }: CacheLayer): number => {
    const place = places.get(diffId) ?? layers.length;
    if (place === layers.length) layers.push({ diffId, blob });
    places.set(diffId, place);
    return place;
  };
  const sorted = [...entries].sort((a, b) => (a.key < b.key ? -1 : 1));
  const records = sorted.map(({ key, layers: own, value }) => ({ key, layers: own.map(placeOf), value }));
  const stored: Stored = { schema: 1, layers, records, mounts: [...mounts] };
  return Buffer.from(JSON.stringify(stored));
}

/** Reads a document that comes from elsewhere. Throws "invalid" for anything that is not one, or passes a limit. */
export function parseCacheDocument(bytes: Uint8Array): CacheDocument {
  if (bytes.length > TEXT) throw refused("is too large");
  const document = object(parseJson(bytes), "document");
  if (document.schema !== 1) throw refused("is of another version");
  const layers = list(document.layers, "layers", ENTRIES).map(layerOf);
  const entries = list(document.records, "records", ENTRIES).map((record) => {
    const { key, layers: places, value } = object(record, "record");
    if (JSON.stringify(value ?? null).length > VALUE) throw refused("has a value that is too large");
    const own = list(places, "record.layers", LAYERS).map((place) => {
      const layer = typeof place === "number" ? layers[place] : undefined;
      if (layer === undefined) throw refused("names a layer that it does not have");
      return layer;
    });
    return { key: digest(key, "key"), layers: own, value };
  });
  return { entries, mounts: list(document.mounts ?? [], "mounts", ENTRIES).map(mountOf) };
}

function layerOf(value: unknown): CacheLayer {
  const { diffId, blob } = object(value, "layer");
  return { diffId: digest(diffId, "diffId"), blob: descriptor(blob) };
}

function mountOf(value: unknown): CachedMount {
  const { id, key, blob } = object(value, "mount");
  if (typeof id !== "string" || id.length > 4096) throw refused("has a mount without an id");
  return { id, key: digest(key, "key"), blob: descriptor(blob) };
}

function descriptor(value: unknown): Descriptor {
  const { mediaType, digest: named, size } = object(value, "blob");
  if (typeof mediaType !== "string" || mediaType.length > 255) throw refused("has a blob without a media type");
  if (typeof size !== "number" || !Number.isSafeInteger(size) || size < 0) throw refused("has a blob without a size");
  return { mediaType, digest: digest(named, "blob.digest"), size };
}

function digest(value: unknown, at: string): Digest {
  if (!isDigest(value) || !value.startsWith("sha256:")) throw refused(`has no digest at ${at}`);
  return value;
}

function object(value: unknown, at: string): Record<string, unknown> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw refused(`has no object at ${at}`);
  return value as Record<string, unknown>;
}

function list(value: unknown, at: string, limit: number): unknown[] {
  if (!Array.isArray(value) || value.length > limit) throw refused(`has no list at ${at}, or one that is too long`);
  return value;
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes).toString("utf8"));
  } catch (cause) {
    throw invalid("the build cache is not valid JSON", { cause });
  }
}

const refused = (why: string) => invalid(`the build cache ${why}`);
