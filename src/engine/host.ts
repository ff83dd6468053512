import { readFileSync } from "node:fs";
import { mkdir, rename, statfs } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { BerthError, kindOf, messageOf, readJsonFile, writeFileAtomic } from "../lib/index.ts";
import { chooseRuntime, type Machine, type RuntimeProgram } from "../runtime/index.ts";
import {
  type CgroupLayout,
  detectCgroups,
  ensureApparmorProfile,
  findProgram,
  handDownControllers,
  mountLeftoverControllers,
  readMachine,
} from "../system/index.ts";
import type { EngineConfig, EngineLog } from "./engine-config.ts";

/** What was found of the machine at start-up. */
export interface Host {
  readonly machine: Machine;
  readonly cgroups: CgroupLayout;
  readonly conmon: string;
  readonly runtimes: Readonly<Record<string, RuntimeProgram>>;
  readonly defaultRuntime: string;
  readonly initPath: string | undefined;
  readonly ps: string | undefined;
  /** The loaded profile of containers that name none; undefined where the machine has no AppArmor. */
  readonly apparmorProfile: string | undefined;
  readonly hostname: string;
  readonly bootId: string;
}

/** statfs(2)'s type of overlayfs. */
const OVERLAY_MAGIC = 0x794c7630;

const INIT_PROGRAMS = ["catatonit", "docker-init", "tini-static", "tini"];
const INIT_DIRS = ["/usr/libexec/podman", "/usr/lib/podman", "/usr/libexec/docker"];

/** Looks for the programs and the kernel's offers. Rejects with "unavailable" and what to install where one is missing. */
export async function surveyHost(config: EngineConfig, log: EngineLog): Promise<Host> {
  prepareCgroups(config, log);
  const cgroups = detectCgroups();
  const conmon = findProgram("conmon");
  if (conmon === undefined) throw missing("conmon", "conmon");
  const runtimes = { ...found(["crun", "runc"]), ...config.runtimes } as Record<string, RuntimeProgram>;
  return {
    machine: readMachine(cgroups),
    cgroups,
    conmon,
    runtimes,
    defaultRuntime: await defaultRuntimeOf(config, runtimes, cgroups, log),
    ps: findProgram("ps"),
    initPath: config.initPath ?? initProgram(),
    apparmorProfile: await apparmorProfile(log),
    hostname: hostname(),
    bootId: readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim(),
  };
}

/** As with Docker, a machine whose AppArmor cannot be told of a profile gives containers none; here it is said. */
async function apparmorProfile(log: EngineLog): Promise<string | undefined> {
  try {
    return await ensureApparmorProfile();
  } catch (error) {
    log.warn(`containers run without an AppArmor profile: ${messageOf(error)}`);
    return undefined;
  }
}

function prepareCgroups(config: EngineConfig, log: EngineLog): void {
  const { mounted, failed } = mountLeftoverControllers();
  for (const controller of mounted) log.info(`mounted cgroup controller ${controller}, which cgroup2 held unused`);
  for (const { controller, reason } of failed)
    log.warn(`cgroup controller ${controller} stays with cgroup2: ${reason}`);
  const handed = handDownControllers(config.cgroupParent || "berth");
  if (handed.moved > 0) log.info(`moved ${handed.moved} processes to the cgroup /init, so that others can have limits`);
  for (const { controller, reason } of handed.failed) log.warn(`no limits of cgroup ${controller}: ${reason}`);
}

const missing = (program: string, packages: string) =>
  new BerthError("unavailable", `${program} was not found`, { hint: `install the package ${packages}` });

function found(names: readonly string[]): Record<string, RuntimeProgram> {
  const programs: Record<string, RuntimeProgram> = {};
  for (const name of names) {
    const path = findProgram(name);
    if (path !== undefined) programs[name] = { path };
  }
  return programs;
}

function initProgram(): string | undefined {
  for (const name of INIT_PROGRAMS) {
    const path = findProgram(name) ?? findProgram(name, INIT_DIRS);
    if (path !== undefined) return path;
  }
  return undefined;
}

async function defaultRuntimeOf(
  config: EngineConfig,
  runtimes: Readonly<Record<string, RuntimeProgram>>,
  cgroups: CgroupLayout,
  log: EngineLog,
): Promise<string> {
  const named = config.defaultRuntime;
  if (named !== undefined) {
    if (!Object.hasOwn(runtimes, named)) {
      throw new BerthError("invalid", `specified default runtime '${named}' does not exist`);
    }
    return named;
  }
  const candidates = Object.fromEntries(
    Object.entries(runtimes).filter(([name]) => name === "crun" || name === "runc"),
  );
  if (Object.keys(candidates).length === 0) throw missing("neither crun nor runc", "crun");
  const choice = await chooseRuntime({
    execRoot: config.execRoot,
    candidates,
    cgroups,
    ...(config.cgroupParent ? { cgroupParent: config.cgroupParent } : {}),
  });
  for (const { name, reason } of choice.failed) log.warn(`${name} does not serve here: ${reason}`);
  return choice.name;
}

/** Makes both roots and reads the data root's version. Rejects with "corrupt" where a newer engine has written it. */
export async function openRoots({ dataRoot, execRoot }: EngineConfig, warn: (message: string) => void): Promise<void> {
  await mkdir(dataRoot, { recursive: true, mode: 0o700 });
  await mkdir(execRoot, { recursive: true, mode: 0o711 });
  if ((await statfs(dataRoot)).type === OVERLAY_MAGIC) {
    throw new BerthError(
      "unavailable",
      `the data root ${dataRoot} is on overlayfs, which cannot hold writable layers`,
      {
        hint: "put --data-root on another file system; inside a container, on a volume",
      },
    );
  }
  const path = join(dataRoot, "version.json");
  const version = await readJsonFile<{ schema?: unknown } | null>(path).catch(async (error: unknown) => {
    if (kindOf(error) !== "corrupt") throw error;
    // What does not read says nothing of a newer engine; it is kept for whoever wants to know what happened.
    const aside = `${path}.broken-${Date.now()}`;
    await rename(path, aside);
    warn(`${messageOf(error)}: it is set aside as ${aside}`);
    return undefined;
  });
  if (version === undefined) await writeFileAtomic(path, JSON.stringify({ schema: 1 }), { durable: true });
  else if (version?.schema !== 1) {
    throw new BerthError(
      "corrupt",
      `${dataRoot} has schema ${String(version?.schema)}, which this version does not know`,
    );
  }
}
