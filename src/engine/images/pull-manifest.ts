import { BerthError, invalid, notFound } from "../../lib/index.ts";
import {
  type Digest,
  digestOf,
  formatPlatform,
  indexTypes,
  isConfigType,
  isLayerType,
  type Manifest,
  manifestTypes,
  matchPlatform,
  type Platform,
  parseManifestOrIndex,
  type Reference,
} from "../../spec/index.ts";
import type { ImageRegistry } from "./images-context.ts";

export interface PulledManifest {
  manifest: Manifest;
  /** Of the manifest, and its bytes. */
  digest: Digest;
  bytes: Buffer;
  /** Of what the reference names: the index where there is one. */
  named: Digest;
}

const accept = [...manifestTypes, ...indexTypes];
/** An index in an index is allowed once. */
const depthLimit = 2;

/**
 * The manifest that a reference means for a platform, through indexes. `onFound` is called once the registry has
 * answered for the reference itself. Texts are Docker's.
 */
export async function pullManifest(
  registry: ImageRegistry,
  reference: Reference,
  platform: Platform,
  signal: AbortSignal,
  onFound: () => void,
): Promise<PulledManifest> {
  let target: { path: string; tag?: string; digest?: Digest } = reference;
  let named: Digest | undefined;
  for (let depth = 0; depth <= depthLimit; depth++) {
    const { mediaType, digest, bytes } = await registry.resolve(target, { accept, signal });
    if (!digest.startsWith("sha256:")) throw invalid(`unsupported digest algorithm: ${digest}`);
    if (digestOf(bytes) !== digest || (target.digest !== undefined && digest !== target.digest))
      throw new BerthError("corrupt", `manifest verification failed for digest ${target.digest ?? digest}`);
    if (named === undefined) onFound();
    named ??= digest;
    const document = parseManifestOrIndex(bytes, mediaType === "" ? undefined : mediaType);
    if (document.kind === "manifest") {
      checkImage(document.manifest);
      return { manifest: document.manifest, digest, bytes, named };
    }
    const chosen = matchPlatform(document.index.manifests.filter(isImage), platform);
    if (chosen === undefined)
      throw notFound(`no matching manifest for ${formatPlatform(platform)} in the manifest list entries`);
    target = { path: reference.path, digest: chosen.digest };
  }
  throw invalid("the manifest's indexes are nested too deeply");
}

function isImage(descriptor: { platform?: Platform; annotations?: Record<string, string> }): boolean {
  return descriptor.platform?.os !== "unknown" && descriptor.annotations?.["vnd.docker.reference.type"] === undefined;
}

/** What is in a registry need not be an image: Helm charts and other artifacts are refused by their types. */
function checkImage({ config, layers }: Manifest): void {
  if (!isConfigType(config.mediaType)) throw invalid(`unsupported media type ${config.mediaType}`);
  const wrong = layers.find(({ mediaType }) => !isLayerType(mediaType));
  if (wrong !== undefined) throw invalid(`unsupported media type ${wrong.mediaType}`);
}
