import { mkdirSync, readlinkSync, renameSync, rmSync, symlinkSync } from "node:fs";
import { basename, join } from "node:path";
import { BerthError, invalid } from "../../lib/index.ts";
import {
  type CgroupLayout,
  createMigrationWarmer,
  type RunOptions,
  type RunResult,
  run,
  type SealedProgram,
  sealProgram,
} from "../../system/index.ts";
import { runtimeMessage } from "../failures/runtime-message.ts";
import type { NamedRuntime, RuntimeProgram } from "../monitor/program.ts";
import type { RunningHandle } from "../runtime.ts";
import { createFilters, type Filters } from "./filters.ts";

/** Milliseconds for which moves stay quick after one, at least. */
const warmFor = 8;

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
  /** The same runtime as it starts quickest: crun from a sealed copy, of which it then makes none itself. */
  quick(runtime: NamedRuntime): Promise<NamedRuntime>;
  /** System call filters that a runtime has compiled before. */
  readonly filters: Filters;
  /** To be called before a runtime moves a process into a cgroup, as early as that is known. */
  warmUp(): void;
  /** The same until what it gives is called. */
  keepWarm(): () => void;
  readonly defaultName: string;
  readonly names: readonly string[];
  close(): void;
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
  const copies = createCopies(join(options.execRoot, "bin"));
  const warmUp = createMigrationWarmer(options.cgroups);
  const kind = (runtime: NamedRuntime) => {
    const known = kinds.get(runtime.path) ?? kindOfProgram(runtime.path);
    kinds.set(runtime.path, known);
    return known;
  };
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
    kind,
    quick: async (runtime) => ((await kind(runtime)) === "crun" ? { ...runtime, path: copies.of(runtime) } : runtime),
    filters: createFilters(),
    warmUp,
    keepWarm() {
      warmUp();
      const timer = setInterval(warmUp, warmFor);
      return () => clearInterval(timer);
    },
    close: () => copies.close(),
  };
}

/**
 * Sealed copies of programs, renewed when the program changes. A former copy stays: a monitor may be about to use it.
 * They are called by links in `folder`, for the sake of the name that their processes get.
 */
function createCopies(folder: string): { of(runtime: NamedRuntime): string; close(): void } {
  const copies = new Map<string, SealedProgram>();
  const all: SealedProgram[] = [];
  return {
    of({ name, path }) {
      try {
        let program = copies.get(path);
        if (program?.current() !== true) {
          program = sealProgram(path);
          copies.set(path, program);
          all.push(program);
        }
        return linkTo(program, join(folder, name.replaceAll("/", "-")), basename(path));
      } catch {
        return path; // it copies itself, then
      }
    },
    close() {
      for (const copy of all.splice(0)) copy.close();
      copies.clear();
    },
  };
}

function linkTo(program: SealedProgram, folder: string, name: string): string {
  const link = join(folder, name);
  if (linkTarget(link) === program.path) return link;
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  rmSync(`${link}.new`, { force: true });
  symlinkSync(program.path, `${link}.new`);
  renameSync(`${link}.new`, link);
  return link;
}

function linkTarget(link: string): string | undefined {
  try {
    return readlinkSync(link);
  } catch {
    return undefined;
  }
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
