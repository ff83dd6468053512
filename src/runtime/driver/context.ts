import { join } from "node:path";
import { BerthError, invalid } from "../../lib/index.ts";
import { type CgroupLayout, type RunOptions, type RunResult, run } from "../../system/index.ts";
import { runtimeMessage } from "../failures/runtime-message.ts";
import type { NamedRuntime, RuntimeProgram } from "../monitor/program.ts";
import type { RunningHandle } from "../runtime.ts";

/** Which runtime a program is, by what it says itself: the ways past its commands are known for these. */
export type RuntimeKind = "crun" | "runc" | "other";

/** What every verb of the driver works with. */
export interface DriverContext {
  readonly conmon: string;
  readonly cgroups: CgroupLayout;
  /** For the sockets over which terminals arrive. */
  readonly temporary: string;
  /** Throws "invalid" with Docker's text for a name that is not configured. */
  runtime(name: string): NamedRuntime;
  kind(runtime: NamedRuntime): Promise<RuntimeKind>;
  readonly defaultName: string;
  readonly names: readonly string[];
}

export interface ContextOptions {
  execRoot: string;
  conmon: string;
  runtimes: Readonly<Record<string, RuntimeProgram>>;
  defaultRuntime: string;
  cgroups: CgroupLayout;
}

export function createContext(options: ContextOptions): DriverContext {
  const kinds = new Map<string, Promise<RuntimeKind>>();
  return {
    conmon: options.conmon,
    cgroups: options.cgroups,
    temporary: join(options.execRoot, "tmp"),
    defaultName: options.defaultRuntime,
    names: Object.keys(options.runtimes),
    runtime(name) {
      const program = Object.hasOwn(options.runtimes, name) ? options.runtimes[name] : undefined;
      if (program === undefined) throw invalid(`unknown or invalid runtime name: ${name}`);
      const stateRoot = join(options.execRoot, "runtimes", name.replaceAll("/", "-"));
      return { name, path: program.path, args: [...(program.args ?? []), `--root=${stateRoot}`], stateRoot };
    },
    kind(runtime) {
      const known = kinds.get(runtime.path) ?? kindOfProgram(runtime.path);
      kinds.set(runtime.path, known);
      return known;
    },
  };
}

async function kindOfProgram(path: string): Promise<RuntimeKind> {
  const said = await run(path, ["--version"], { timeoutMs: 5000 }).catch(() => undefined);
  const [name] = /^(crun|runc) version /.exec(said?.stdout.toString("utf8") ?? "")?.slice(1) ?? [];
  return name === "crun" || name === "runc" ? name : "other";
}

/** Runs one of the runtime's own commands. Rejects with what it said where it fails. */
export async function runtimeCommand(
  runtime: NamedRuntime,
  args: readonly string[],
  options: RunOptions = {},
): Promise<RunResult> {
  const result = await run(runtime.path, [...runtime.args, ...args], { timeoutMs: 30_000, ...options });
  if (result.code !== 0)
    throw new BerthError("internal", `${runtime.name} ${args[0] ?? ""}: ${runtimeMessage(result.stderr.toString())}`);
  return result;
}

/** Where the runtime keeps this container's state. */
export function stateFolder(runtime: NamedRuntime, handle: Pick<RunningHandle, "id">): string {
  return join(runtime.stateRoot, handle.id);
}
