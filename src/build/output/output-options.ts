import { invalid } from "../../lib/index.ts";
import { familiar, formatReference, parseReference, type Reference, withDefaultTag } from "../../spec/index.ts";

export type LayerCompression = "uncompressed" | "gzip" | "zstd";

/** What `--output type=docker|oci|image,…` says beside type and dest, which are the client's. */
export interface OutputOptions {
  readonly names: readonly Reference[];
  readonly push: boolean;
  /** gzip unless the user says otherwise, as with BuildKit. */
  readonly compression: LayerCompression;
  readonly level?: number;
  readonly ociMediaTypes: boolean;
  /** Of each manifest, of the index, and of their descriptors. */
  readonly annotations: Readonly<Record<AnnotationPlace, Readonly<Record<string, string>>>>;
}

type AnnotationPlace = "manifest" | "index" | "manifest-descriptor" | "index-descriptor";

const COMPRESSIONS: readonly string[] = ["uncompressed", "gzip", "zstd"];
const LIMIT = 1000;
/** Attributes that mean nothing here, and are taken because buildx sends them. */
const IGNORED = new Set([
  "type",
  "dest",
  "tar",
  "load",
  "unpack",
  "store",
  "force-compression",
  "rewrite-timestamp",
  "buildinfo",
  "name-canonical",
  "dangling-name-prefix",
  "platform-split",
  "context",
]);

/** Reads the attributes of an output. Throws "invalid" for those that nobody knows, naming them. */
export function parseOutputOptions(type: string, attributes: Readonly<Record<string, string>>): OutputOptions {
  const annotations = { manifest: {}, index: {}, "manifest-descriptor": {}, "index-descriptor": {} };
  let names: Reference[] = [];
  let compression: LayerCompression = "gzip";
  let level: number | undefined;
  let push = false;
  let ociMediaTypes = type === "oci";
  const entries = Object.entries(attributes);
  if (entries.length > LIMIT) throw invalid("an output has too many options");
  for (const [name, value] of entries) {
    if (name === "name") names = namesOf(value);
    else if (name === "push") push = bool(name, value);
    else if (name === "oci-mediatypes") ociMediaTypes = bool(name, value);
    else if (name === "compression") compression = compressionOf(value);
    else if (name === "compression-level") level = levelOf(value);
    else if (name.startsWith("annotation")) annotate(annotations, name, value);
    else if (!IGNORED.has(name)) throw invalid(`unknown option ${JSON.stringify(name)} of output type ${type}`);
  }
  // Docker's own types know nothing of zstd.
  if (compression === "zstd") ociMediaTypes = true;
  return { names, push, compression, ociMediaTypes, annotations, ...(level === undefined ? {} : { level }) };
}

function namesOf(value: string): Reference[] {
  const names = value.split(",").filter((name) => name !== "");
  return names.map((name) => withDefaultTag(parseReference(name.trim())));
}

function compressionOf(value: string): LayerCompression {
  if (!COMPRESSIONS.includes(value)) {
    throw invalid(`unsupported layer compression type: ${value}`, { hint: `one of ${COMPRESSIONS.join(", ")}` });
  }
  return value as LayerCompression;
}

function levelOf(value: string): number {
  if (!/^\d{1,2}$/.test(value) || Number(value) > 22)
    throw invalid(`non-integer or too large compression-level: ${value}`);
  return Number(value);
}

function bool(name: string, value: string): boolean {
  const text = value.toLowerCase();
  if (["true", "1", "t", ""].includes(text)) return true;
  if (["false", "0", "f"].includes(text)) return false;
  throw invalid(`invalid value ${JSON.stringify(value)} for option ${name}: true or false`);
}

/** `annotation.KEY`, `annotation-index.KEY`, `annotation-manifest[PLATFORM].KEY` … */
function annotate(all: Record<AnnotationPlace, Record<string, string>>, name: string, value: string): void {
  const match = /^annotation(?:-(manifest|index|manifest-descriptor|index-descriptor))?(?:\[[^\]]*\])?\.(.+)$/.exec(
    name,
  );
  const [, place = "manifest", key] = match ?? [];
  if (key === undefined) throw invalid(`invalid annotation ${JSON.stringify(name)}`);
  all[place as AnnotationPlace][key] = value;
}

/** What archives say of a name. */
export const nameTexts = (reference: Reference) => ({
  whole: formatReference(reference),
  short: familiar(reference),
  tag: reference.tag ?? "latest",
});
