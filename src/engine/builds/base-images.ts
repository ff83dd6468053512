import type { BaseImage, ImageNeed, Progress } from "../../build/index.ts";
import { kindOf } from "../../lib/index.ts";
import type { RegistryAuth } from "../../spec/api/index.ts";
import { familiar, formatPlatform, formatReference, parseAnyReference, withDefaultTag } from "../../spec/index.ts";
import type { ImageRecord } from "../../store/index.ts";
import type { BuildsDeps } from "./builds-deps.ts";

export interface BaseImageOptions {
  /** By registry, as X-Registry-Config has them. */
  readonly auths: Readonly<Record<string, RegistryAuth>>;
  readonly pull: boolean;
}

/** The image that FROM or --from names: the one that is here, or after a pull. */
export async function findBaseImage(
  deps: BuildsDeps,
  { auths, pull }: BaseImageOptions,
  { reference, platform }: ImageNeed,
  progress: Progress,
  signal: AbortSignal,
): Promise<BaseImage> {
  const parsed = parseAnyReference(reference);
  const wanted = formatPlatform(platform);
  const name = "id" in parsed ? parsed.id : formatReference(withDefaultTag(parsed.reference));
  if (!pull || "id" in parsed) {
    const here = await local(deps, reference, wanted);
    if (here !== undefined) return describe(name, here);
  }
  if ("id" in parsed) return describe(name, await deps.images.resolve(reference, wanted));
  const vertex = { id: `pull ${name} ${wanted}`, name: `pull ${familiar(parsed.reference)}`, inputs: [] };
  progress.begin(vertex);
  try {
    const auth = authOf(auths, parsed.reference.domain);
    const image = formatReference(withDefaultTag(parsed.reference));
    await deps.images.pull(
      { image, platform: wanted, ...(auth === undefined ? {} : { auth }) },
      ({ id, status, progressDetail }) => {
        if (id === undefined || progressDetail?.current === undefined) return;
        const { current, total } = progressDetail;
        const completed = status === "Pull complete" || status === "Download complete";
        progress.work(vertex, {
          id: `${id} ${status ?? ""}`,
          current,
          completed,
          ...(total === undefined ? {} : { total }),
        });
      },
      signal,
    );
    progress.done(vertex);
  } catch (error) {
    progress.done(vertex, error instanceof Error ? error.message : String(error));
    throw error;
  }
  return describe(name, await deps.images.resolve(reference, wanted));
}

async function local(deps: BuildsDeps, reference: string, platform: string): Promise<ImageRecord | undefined> {
  try {
    return await deps.images.resolve(reference, platform);
  } catch (error) {
    if (kindOf(error) === "not-found") return undefined;
    throw error;
  }
}

const describe = (name: string, { id, config, layers }: ImageRecord): BaseImage => ({ name, id, config, layers });

const HUB = ["https://index.docker.io/v1/", "index.docker.io", "docker.io", "registry-1.docker.io"];

/** The credentials that a client has sent for a registry, under whichever of its names. */
export function authOf(auths: BaseImageOptions["auths"], domain: string): RegistryAuth | undefined {
  for (const name of domain === "docker.io" ? HUB : [domain, `https://${domain}`, `http://${domain}`]) {
    const found = auths[name];
    if (found !== undefined) return found;
  }
  return undefined;
}
