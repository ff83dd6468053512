import { invalid } from "../../lib/index.ts";
import {
  type Descriptor,
  type Digest,
  isConfigType,
  isLayerType,
  type Manifest,
  matchPlatform,
  type Platform,
  parseIndex,
  parseManifestOrIndex,
  type Reference,
} from "../../spec/index.ts";
import type { ArchiveFiles } from "./archive-files.ts";
import { readDockerManifest } from "./docker-manifest.ts";
import { type PlannedImage, tagged } from "./planned-image.ts";

/** How deep an index may hold indexes. */
const depthLimit = 4;
/** Images in one archive. */
const imageLimit = 1000;

/**
 * Finds the images of an archive: those of `manifest.json` where there is one (docker save, old and new), else those
 * of `index.json` (an OCI layout). Throws "invalid" for documents that are malformed, contradict their media type or
 * point to what is not in the archive, "corrupt" where content has another digest than it is said to have.
 */
export async function planLoad(files: ArchiveFiles, platform: Platform): Promise<PlannedImage[]> {
  const docker = files.find("manifest.json");
  if (docker !== undefined) return readDockerManifest(files, await files.read(docker));
  const index = files.find("index.json");
  if (index === undefined) throw invalid("the archive holds no image: it has neither manifest.json nor index.json");
  const { manifests } = parseIndex(await files.read(index));
  if (manifests.length > imageLimit) throw invalid(`the archive holds more than ${imageLimit} images`);
  const images: PlannedImage[] = [];
  for (const group of groupByName(manifests)) {
    const chosen = group.name === undefined ? group.members : best(group.members, platform);
    for (const member of chosen) {
      const image = await imageOf(files, member, platform, depthLimit);
      if (image !== undefined) images.push({ ...image, tags: group.name === undefined ? [] : [group.name] });
    }
  }
  return images;
}

function best(members: Descriptor[], platform: Platform): Descriptor[] {
  if (members.length === 1) return members;
  const match = matchPlatform(members, platform);
  return match === undefined ? [] : [match];
}

function groupByName(descriptors: readonly Descriptor[]): { name: Reference | undefined; members: Descriptor[] }[] {
  const groups = new Map<string, { name: Reference | undefined; members: Descriptor[] }>();
  for (const descriptor of descriptors) {
    const text = nameOf(descriptor);
    const group = groups.get(text ?? "") ?? { name: text === undefined ? undefined : tagged(text), members: [] };
    group.members.push(descriptor);
    groups.set(text ?? "", group);
  }
  return [...groups.values()];
}

/** containerd's annotation holds the whole name; the specification's one too with some writers, with others a mere tag. */
function nameOf({ annotations }: Descriptor): string | undefined {
  const whole = annotations?.["io.containerd.image.name"];
  if (whole !== undefined) return whole;
  const name = annotations?.["org.opencontainers.image.ref.name"];
  return name !== undefined && /[:/]/.test(name) ? name : undefined;
}

async function imageOf(
  files: ArchiveFiles,
  descriptor: Descriptor,
  platform: Platform,
  depth: number,
): Promise<Omit<PlannedImage, "tags"> | undefined> {
  if (isAttestation(descriptor)) return undefined;
  const bytes = await files.readBlob(descriptor);
  const document = parseManifestOrIndex(bytes, descriptor.mediaType);
  if (document.kind === "manifest") return imageOfManifest(files, document.manifest, bytes, descriptor.digest);
  if (depth === 0) throw invalid("the archive's indexes are nested too deeply");
  const inner = matchPlatform(
    document.index.manifests.filter((member) => !isAttestation(member)),
    platform,
  );
  return inner === undefined ? undefined : imageOf(files, inner, platform, depth - 1);
}

async function imageOfManifest(
  files: ArchiveFiles,
  manifest: Manifest,
  bytes: Buffer,
  digest: Digest,
): Promise<Omit<PlannedImage, "tags"> | undefined> {
  if (!isConfigType(manifest.config.mediaType)) return undefined; // an artifact, not an image
  const wrong = manifest.layers.find(({ mediaType }) => !isLayerType(mediaType));
  if (wrong !== undefined)
    throw invalid(`unsupported layer media type ${JSON.stringify(wrong.mediaType.slice(0, 200))}`);
  const layers = manifest.layers.map((layer) => files.blob(layer));
  const { mediaType } = manifest;
  return { config: await files.readBlob(manifest.config), layers, manifest: { bytes, mediaType, digest } };
}

/** BuildKit's provenance beside an image: a manifest for no platform. */
function isAttestation({ annotations, platform }: Descriptor): boolean {
  return annotations?.["vnd.docker.reference.type"] === "attestation-manifest" || platform?.os === "unknown";
}
