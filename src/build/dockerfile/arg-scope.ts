import { type ExpandOptions, expandWord } from "./expand.ts";
import type { ArgDeclaration, ArgInstruction } from "./instruction.ts";

/** `os/arch[/variant]`, as `--platform` and the platform arguments have it. */
export interface ArgPlatform {
  readonly os: string;
  readonly architecture: string;
  readonly variant?: string | undefined;
}

/** Arguments that every stage has without declaring them; they reach RUN but neither cache keys nor history. */
export const PREDEFINED_ARGS: readonly string[] = [
  "HTTP_PROXY",
  "HTTPS_PROXY",
  "FTP_PROXY",
  "NO_PROXY",
  "ALL_PROXY",
].flatMap((name) => [name, name.toLowerCase()]);

export interface GlobalArgsInput {
  readonly buildPlatform: ArgPlatform;
  readonly targetPlatform: ArgPlatform;
  /** `--target`; undefined for the last stage. */
  readonly target?: string | undefined;
  readonly buildArgs: ReadonlyMap<string, string>;
  readonly metaArgs: readonly ArgInstruction[];
  readonly escape: string;
  readonly onUnset?: (name: string, instruction: ArgInstruction) => void;
}

const platformText = ({ os, architecture, variant }: ArgPlatform) =>
  [os, architecture, ...(variant ? [variant] : [])].join("/");

/**
 * The global scope, which FROM sees: platform arguments, TARGETSTAGE, then the ARGs before the first FROM in their
 * order, each overridden by a build argument of its name. Throws Complaint.
 */
export function globalArgs(input: GlobalArgsInput): Map<string, string> {
  const args = new Map<string, string>();
  for (const [side, platform] of [
    ["BUILD", input.buildPlatform],
    ["TARGET", input.targetPlatform],
  ] as const) {
    args.set(`${side}PLATFORM`, platformText(platform));
    args.set(`${side}OS`, platform.os);
    args.set(`${side}OSVERSION`, "");
    args.set(`${side}ARCH`, platform.architecture);
    args.set(`${side}VARIANT`, platform.variant ?? "");
  }
  args.set("TARGETSTAGE", input.target ?? "default");
  for (const [name] of args) args.set(name, input.buildArgs.get(name) ?? args.get(name) ?? "");
  for (const instruction of input.metaArgs) addMetaArgs(args, instruction, input);
  return args;
}

function addMetaArgs(args: Map<string, string>, instruction: ArgInstruction, input: GlobalArgsInput): void {
  const options: ExpandOptions = {
    escape: input.escape,
    lookup: (name) => args.get(name),
    onUnset: (name) => input.onUnset?.(name, instruction),
  };
  for (const { key, value } of instruction.args) {
    const given = input.buildArgs.get(key) ?? (value === undefined ? undefined : expandWord(value, options));
    if (given !== undefined) args.set(key, given);
  }
}

/**
 * What one `ARG key[=default]` in a stage gives: the build argument, else its default expanded in the stage's scope,
 * else the global argument of that name; undefined when there is none. Throws Complaint.
 */
export function argValue(
  { key, value }: ArgDeclaration,
  scopes: { readonly buildArgs: ReadonlyMap<string, string>; readonly global: ReadonlyMap<string, string> },
  options: ExpandOptions,
): string | undefined {
  const given = scopes.buildArgs.get(key);
  if (given !== undefined) return given;
  return value === undefined ? scopes.global.get(key) : expandWord(value, options);
}
