import { invalid } from "../../lib/index.ts";
import type { Digest } from "../../spec/index.ts";
import type { SpooledEntry } from "../../store/index.ts";
import type { ArchiveFiles } from "./archive-files.ts";
import { digestIn, type PlannedImage, tagged } from "./planned-image.ts";

const imageLimit = 1000;
const layerLimit = 1000;
const tagLimit = 10_000;

/** Reads docker save's `manifest.json`: for each image its config, its tags and its layers as paths in the archive. */
export async function readDockerManifest(files: ArchiveFiles, bytes: Buffer): Promise<PlannedImage[]> {
  const items = parse(bytes);
  if (items === null) throw invalid("invalid manifest, manifest cannot be null (but can be [])");
  const images: PlannedImage[] = [];
  for (const item of list(items, "manifest", imageLimit)) images.push(await imageOf(files, item));
  return images;
}

async function imageOf(files: ArchiveFiles, item: unknown): Promise<PlannedImage> {
  if (typeof item !== "object" || item === null) throw invalid("invalid manifest: an image must be an object");
  const { Config, RepoTags, Layers, Parent } = item as Record<string, unknown>;
  const paths = list(Layers ?? [], "Layers", layerLimit).map((path) => text(path, "Layers"));
  const tags = list(RepoTags ?? [], "RepoTags", tagLimit).map((tag) => tagged(text(tag, "RepoTags")));
  const parent = parentOf(Parent);
  return {
    config: await files.read(present(files, text(Config, "Config"))),
    layers: paths.map((path) => present(files, path)),
    tags,
    ...(parent === undefined ? {} : { parent }),
  };
}

function parentOf(value: unknown): Digest | undefined {
  return value === undefined || value === "" ? undefined : digestIn(text(value, "Parent"), "Parent");
}

function present(files: ArchiveFiles, path: string): SpooledEntry {
  const entry = files.find(path);
  if (entry === undefined)
    throw invalid(`invalid manifest: ${JSON.stringify(path.slice(0, 200))} is not in the archive`);
  return entry;
}

function parse(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString("utf8"));
  } catch (error) {
    throw invalid("invalid manifest: manifest.json is not valid JSON", { cause: error });
  }
}

function list(value: unknown, what: string, limit: number): unknown[] {
  if (!Array.isArray(value)) throw invalid(`invalid manifest: ${what} must be a list`);
  if (value.length > limit) throw invalid(`invalid manifest: ${what} has more than ${limit} members`);
  return value;
}

function text(value: unknown, what: string): string {
  if (typeof value !== "string") throw invalid(`invalid manifest: ${what} must be text`);
  return value;
}
