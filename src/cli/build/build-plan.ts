import type { Context } from "../core/context.ts";
import { cut } from "../core/flag.ts";
import { proxyVariables } from "../run-options/proxies.ts";
import { validateAddHost } from "../run-options/validators.ts";
import type { BuildFlags } from "./build-flags.ts";
import { type CacheEntry, parseCacheEntry } from "./cache-entries.ts";
import { type ContextPlace, chooseContext, chooseNamedContext, type NamedContext } from "./context/choose-context.ts";
import { failure } from "./fail.ts";
import { parsePairs } from "./fields.ts";
import { type BuildOutput, parseOutput } from "./outputs.ts";
import { readSecret, type SentSecret } from "./secrets.ts";
import { parseSsh, type SshAgent } from "./ssh.ts";
import { checkPlatforms, checkTags } from "./tags.ts";

export type ProgressMode = "auto" | "plain" | "tty" | "quiet" | "rawjson";

/** A build as its flags ask for it: everything checked that can be checked without the daemon. */
export interface BuildPlan {
  readonly context: ContextPlace;
  readonly contexts: Readonly<Record<string, NamedContext>>;
  readonly buildArgs: Readonly<Record<string, string>>;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly tags: readonly string[];
  readonly platforms: readonly string[];
  readonly outputs: readonly BuildOutput[];
  readonly cacheFrom: readonly CacheEntry[];
  readonly cacheTo: readonly CacheEntry[];
  readonly secrets: readonly SentSecret[];
  readonly ssh: readonly SshAgent[];
  /** "name:address". */
  readonly hosts: readonly string[];
  readonly progress: ProgressMode;
  readonly call: "build" | "check";
  /** Where a shell is wanted: at what fails ("on"), or at STAGE:LINE. */
  readonly debug: string | undefined;
  /** What is said before the build: flags without effect. */
  readonly notes: readonly string[];
  readonly flags: BuildFlags;
}

const MODES = new Set<string>(["auto", "plain", "tty", "quiet", "rawjson"]);
const ENTITLEMENTS = new Set(["network.host", "security.insecure", "device"]);

/** Checks a build's flags and reads what they name (secrets, agents). Throws with buildx's texts. */
export function planBuild(context: Context, flags: BuildFlags, argument: string, stdoutIsTerminal: boolean): BuildPlan {
  const { env } = context;
  const lookup = (name: string) => env[name];
  checkCombinations(flags, argument);
  const tags = checkTags(flags.tag);
  const outputs = flags.output.map((text) => parseOutput(text, stdoutIsTerminal));
  if (flags.load && outputs.every(({ type, destination }) => type !== "docker" || destination !== undefined))
    outputs.push({ type: "docker", attributes: {} });
  if (flags.push) outputs.push({ type: "registry", attributes: {} });
  if (outputs.some(({ type, attributes }) => type === "registry" || attributes.push === "true") && tags.length === 0)
    throw failure("tag is needed when pushing to registry");
  const buildArgs = parsePairs(flags["build-arg"], lookup);
  const { endpoint } = context.chosen;
  for (const variable of proxyVariables(context.config, endpoint.text, Object.keys(buildArgs))) {
    const [name, value = ""] = cut(variable, "=");
    buildArgs[name] ??= value;
  }
  return {
    context: chooseContext(argument),
    contexts: namedContexts(flags["build-context"]),
    buildArgs,
    labels: parsePairs(flags.label, () => ""),
    annotations: parsePairs(flags.annotation, () => ""),
    tags,
    platforms: checkPlatforms(
      flags.platform.length > 0 ? flags.platform : env.DOCKER_DEFAULT_PLATFORM ? [env.DOCKER_DEFAULT_PLATFORM] : [],
    ),
    outputs,
    cacheFrom: flags["cache-from"].map(parseCacheEntry),
    cacheTo: flags["cache-to"].map(parseCacheEntry),
    secrets: flags.secret.map((text) => readSecret(text, env)),
    ssh: flags.ssh.map((text) => parseSsh(text, env)),
    hosts: flags["add-host"].map(host),
    progress: progressMode(flags, env),
    call: callOf(flags),
    debug: flags.debug === "" ? undefined : flags.debug,
    notes: notes(flags),
    flags,
  };
}

function checkCombinations(flags: BuildFlags, argument: string): void {
  if (flags["no-cache"] && flags["no-cache-filter"].length > 0)
    throw failure("--no-cache and --no-cache-filter cannot currently be used together");
  if (flags.quiet && !["auto", "quiet"].includes(flags.progress))
    throw failure(`progress=${flags.progress} and quiet cannot be used together`);
  if (!MODES.has(flags.progress)) throw failure(`invalid progress mode ${flags.progress}`);
  if (flags.file === "-" && argument === "-")
    throw failure("invalid argument: can't use stdin for both build context and dockerfile");
  if (!["default", "none", "host", ""].includes(flags.network))
    throw failure(`network mode ${JSON.stringify(flags.network)} is not supported for builds: default, none or host`);
  if (flags.builder !== "" && flags.builder !== "default")
    throw failure(`no builder ${JSON.stringify(flags.builder)} found`);
  for (const name of flags.allow) if (!ENTITLEMENTS.has(name)) throw failure(`unknown entitlement ${name}`);
  if (flags.fix && callOf(flags) !== "check") throw failure("--fix needs --check");
  for (const text of flags.attest)
    if (!text.split(",").every((part) => part.includes("="))) throw failure(`invalid value ${text}`);
}

function callOf(flags: BuildFlags): "build" | "check" {
  if (flags.check || flags.call === "check" || flags.call === "lint") return "check";
  if (flags.call === "build" || flags.call === "") return "build";
  throw failure(`invalid call ${JSON.stringify(flags.call)}: build or check`);
}

function progressMode(flags: BuildFlags, env: NodeJS.ProcessEnv): ProgressMode {
  if (flags.quiet) return "quiet";
  const chosen = flags.progress === "auto" ? (env.BUILDKIT_PROGRESS ?? "auto") : flags.progress;
  return MODES.has(chosen) ? (chosen as ProgressMode) : "auto";
}

function namedContexts(texts: readonly string[]): Record<string, NamedContext> {
  return Object.fromEntries(
    texts.map((text) => {
      const [name, value] = cut(text, "=");
      if (value === undefined) throw failure(`invalid context value: ${text}, expected key=value`);
      return [name, chooseNamedContext(name, value)];
    }),
  );
}

function host(text: string): string {
  try {
    return validateAddHost(text);
  } catch {
    throw failure(`invalid host ${text}`);
  }
}

/** Flags that are taken and change nothing, each with its reason. */
function notes(flags: BuildFlags): string[] {
  const found: string[] = [];
  if (flags["security-opt"].length > 0)
    found.push('WARNING: security-opt flag is deprecated. "RUN --security=insecure" should be used instead.');
  if (flags.isolation !== "") found.push("WARNING: isolation flag has no effect: there is one isolation on Linux.");
  const attested =
    flags.attest.length > 0 || [flags.provenance, flags.sbom].some((text) => !["", "false"].includes(text));
  if (attested)
    found.push(
      "WARNING: attestations (--attest, --provenance, --sbom) are not written: images hold no attestation manifests here.",
    );
  return found;
}
