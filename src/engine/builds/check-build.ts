import { createHash } from "node:crypto";
import type { Dockerfile } from "../../build/dockerfile/index.ts";
import { invalid } from "../../lib/index.ts";
import type { BuildRequest, BuildResult, BuildStatus } from "../../spec/api/index.ts";
import type { ImageConfig } from "../../spec/index.ts";
import type { Trees } from "../../store/trees/index.ts";
import { readFileIn } from "../../system/index.ts";
import type { ImagesDeps } from "../images/index.ts";
import { resolveImage } from "../images/resolve-image.ts";
import { checkRequest, fixDockerfile } from "./check-request.ts";

export interface CheckBuildDeps {
  readonly imageParts: Pick<ImagesDeps, "store">;
  readonly trees: Pick<Trees, "diskUsage">;
}

export interface CheckBuildInput {
  readonly request: BuildRequest;
  readonly dockerfile: Dockerfile;
  /** The folder of the build's own context, where it has one. */
  readonly context: string | undefined;
  emit(status: BuildStatus): void;
  readonly signal: AbortSignal;
}

const LARGEST_DOCKERFILE = 8 * 1024 * 1024;

/**
 * Checks a Dockerfile before it is built: findings go out as warnings. With `call: "check"` it gives the result, and
 * nothing is to be built; undefined says that the build goes on. Kind "invalid" where findings are to be errors.
 */
export async function checkBuild(deps: CheckBuildDeps, input: CheckBuildInput): Promise<BuildResult | undefined> {
  const { request, dockerfile, context, emit, signal } = input;
  const only = request.call === "check";
  const configOf = (reference: string) => configHere(deps, reference);
  // Only a check has the time to add up a context that no ignore file makes smaller.
  const measured = only && context !== undefined && request.ignore === undefined;
  const contextBytes = measured ? (await deps.trees.diskUsage(context, signal)).bytes : undefined;
  const { warnings, failure } = checkRequest({
    ...{ request, dockerfile, configOf, vertex: `sha256:${createHash("sha256").update("dockerfile").digest("hex")}` },
    ...(contextBytes === undefined ? {} : { contextBytes }),
  });
  if (warnings.length > 0) emit({ warnings });
  if (failure !== undefined && !only) throw invalid(failure, { hint: "the Dockerfile says # check=error=true" });
  if (!only) return undefined;
  if (request.fix !== true) return {};
  const fixed = fixDockerfile(textOf(request, context), { request, dockerfile, configOf });
  return { fixed: Buffer.from(fixed).toString("base64") };
}

function configHere({ imageParts }: CheckBuildDeps, reference: string): ImageConfig | undefined {
  try {
    return resolveImage(imageParts.store, reference).config;
  } catch {
    return undefined;
  }
}

/** The Dockerfile as it came, with its line ends. */
function textOf({ dockerfile }: BuildRequest, context: string | undefined): string {
  if (dockerfile?.data !== undefined) return Buffer.from(dockerfile.data, "base64").toString();
  if (context === undefined) return "";
  return readFileIn(context, dockerfile?.name ?? "Dockerfile", { limit: LARGEST_DOCKERFILE })?.toString() ?? "";
}
