import {
  applyFixes,
  type BaseFacts,
  buildWarnings,
  type CheckFacts,
  checkDockerfile,
} from "../../build/checks/index.ts";
import { type Dockerfile, parseDockerfile } from "../../build/dockerfile/index.ts";
import { parseIgnoreFile } from "../../lib/ignore/index.ts";
import type { BuildRequest, BuildWarning } from "../../spec/api/index.ts";
import { type ImageConfig, parsePlatform } from "../../spec/index.ts";

export interface CheckInput {
  readonly request: BuildRequest;
  readonly dockerfile: Dockerfile;
  /** The vertex that the warnings hang on. */
  readonly vertex: string;
  /** Bytes of the context, where they are known. */
  readonly contextBytes?: number;
  /** The config of an image that is here; nothing is pulled for a check. */
  readonly configOf: (reference: string) => ImageConfig | undefined;
}

export interface Checked {
  readonly warnings: readonly BuildWarning[];
  /** Why the build must not go on: the file says `# check=error=true` and there are findings. */
  readonly failure: string | undefined;
}

/** Checks the Dockerfile of a request. Throws DockerfileError for options that are none. */
export function checkRequest({ request, dockerfile, vertex, contextBytes, configOf }: CheckInput): Checked {
  const { findings, failure } = checkDockerfile(dockerfile, factsOf(request, contextBytes, configOf));
  return { warnings: buildWarnings(dockerfile, findings, vertex), failure };
}

/** Rounds of fixes: one fix may move a line that the next one is about. */
const ROUNDS = 4;

/** The Dockerfile with all safe fixes applied. */
export function fixDockerfile(text: string, { request, dockerfile, configOf }: Omit<CheckInput, "vertex">): string {
  const facts = factsOf(request, undefined, configOf);
  let current = text;
  for (let round = 0; round < ROUNDS; round++) {
    const parsed = parseDockerfile(current, { file: dockerfile.file });
    const fixed = applyFixes(current, checkDockerfile(parsed, facts).findings).text;
    if (fixed === current) break;
    current = fixed;
  }
  return current;
}

function factsOf(
  request: BuildRequest,
  contextBytes: number | undefined,
  configOf: CheckInput["configOf"],
): CheckFacts & { options?: string } {
  const buildArgs = new Map(Object.entries(request.buildArgs ?? {}));
  const options = buildArgs.get("BUILDKIT_DOCKERFILE_CHECK");
  const [platform = ""] = request.platforms ?? [];
  return {
    buildArgs,
    contexts: new Set(Object.keys(request.contexts ?? {})),
    base: (reference) => baseFacts(configOf(reference)),
    ...(options === undefined ? {} : { options }),
    ...(platform === "" ? {} : { targetPlatform: parsePlatform(platform) }),
    ...(request.target ? { target: request.target } : {}),
    ...(request.ignore === undefined
      ? {}
      : { ignorePatterns: parseIgnoreFile(Buffer.from(request.ignore.data, "base64").toString()) }),
    ...(contextBytes === undefined ? {} : { contextBytes }),
  };
}

function baseFacts(image: ImageConfig | undefined): BaseFacts | undefined {
  if (image === undefined) return undefined;
  const { Env, WorkingDir, User, Healthcheck, ExposedPorts } = image.config;
  return {
    env: Env ?? [],
    workdir: WorkingDir || undefined,
    user: User || undefined,
    hasHealthcheck: Healthcheck != null && Healthcheck.Test?.[0] !== "NONE",
    exposes: Object.keys(ExposedPorts ?? {}).length > 0,
  };
}
