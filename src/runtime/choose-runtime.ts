import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, realpathSync, rmdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { BerthError, messageOf, readJsonFile, writeFileAtomic } from "../lib/index.ts";
import { type CgroupLayout, killCgroup, removeCgroup, run } from "../system/index.ts";
import { runtimeMessage } from "./failures/runtime-message.ts";
import type { RuntimeProgram } from "./monitor/program.ts";

export interface ChooseOptions {
  execRoot: string;
  /** In the order in which they are tried. */
  candidates: Readonly<Record<string, RuntimeProgram>>;
  cgroups: CgroupLayout;
  /** Under which cgroup the trial runs; "/berth" unless given. */
  cgroupParent?: string;
}

export interface RuntimeChoice {
  name: string;
  /** Those before it, and why they do not serve here. */
  failed: { name: string; reason: string }[];
}

interface Remembered extends RuntimeChoice {
  /** What the choice depended on. */
  key: string;
}

/**
 * The first runtime that makes a container here: each is tried with a real one. The answer is remembered until the next
 * boot or a change of the programs. Rejects with "unavailable" and every reason where none serves.
 */
export async function chooseRuntime(options: ChooseOptions): Promise<RuntimeChoice> {
  const path = join(options.execRoot, "runtime-choice.json");
  const key = choiceKey(options);
  const known = await readJsonFile<Remembered>(path).catch(() => undefined);
  if (known?.key === key && Object.hasOwn(options.candidates, known.name))
    return { name: known.name, failed: known.failed };
  const choice = await firstThatWorks(options);
  await writeFileAtomic(path, JSON.stringify({ ...choice, key } satisfies Remembered), { durable: false });
  return choice;
}

function choiceKey({ candidates, cgroups }: ChooseOptions): string {
  const programs = Object.entries(candidates).map(([name, { path, args }]) => {
    const file = statSync(path, { throwIfNoEntry: false });
    return [name, path, args ?? [], file?.mtimeMs, file?.size];
  });
  const boot = readFileSync("/proc/sys/kernel/random/boot_id", "latin1").trim();
  return JSON.stringify([boot, programs, [...cgroups.controllers.keys()].sort(), cgroups.unifiedControllers]);
}

async function firstThatWorks(options: ChooseOptions): Promise<RuntimeChoice> {
  const failed: RuntimeChoice["failed"] = [];
  for (const [name, program] of Object.entries(options.candidates)) {
    const reason = await trial(program, options).catch(messageOf);
    if (reason === undefined) return { name, failed };
    failed.push({ name, reason });
  }
  const reasons = failed.map(({ name, reason }) => `${name}: ${reason}`).join("; ");
  throw new BerthError("unavailable", `no OCI runtime works here: ${reasons || "none is installed"}`, {
    hint: "install crun or runc",
  });
}

/** Where a program and its libraries are, on the host. */
const hostFolders = ["/usr", "/bin", "/lib", "/lib64"].filter((path) => existsSync(path));

/** Runs `true` of the host in a container. Undefined where that worked, otherwise the reason. */
async function trial(program: RuntimeProgram, options: ChooseOptions): Promise<string | undefined> {
  if (!existsSync(program.path)) return `${program.path} does not exist`;
  const id = `trial-${randomBytes(6).toString("hex")}`;
  const folder = join(options.execRoot, id);
  const cgroupPath = join("/", options.cgroupParent ?? "berth", id);
  mkdirSync(join(folder, "rootfs"), { recursive: true, mode: 0o700 });
  for (const path of hostFolders) mkdirSync(join(folder, "rootfs", path));
  writeFileSync(join(folder, "config.json"), JSON.stringify(trialSpec(cgroupPath)));
  try {
    const args = [...(program.args ?? []), `--root=${join(folder, "state")}`, "run", "--bundle", folder, id];
    const { code, stderr } = await run(program.path, args, { timeoutMs: 10_000 });
    return code === 0 ? undefined : runtimeMessage(stderr.toString()) || `it ended with code ${code}`;
  } finally {
    await killCgroup(options.cgroups, cgroupPath).catch(() => {});
    await removeCgroup(options.cgroups, cgroupPath).catch(() => {});
    removeTrial(folder);
  }
}

/** Below `rootfs` only empty folders are removed: were the host's folders still mounted there, nothing would happen. */
function removeTrial(folder: string): void {
  for (const path of ["/proc", "/dev", ...hostFolders, ""]) {
    try {
      rmdirSync(join(folder, "rootfs", path));
    } catch {
      // it was not made, or is not empty: then the folder stays
    }
  }
  if (!existsSync(join(folder, "rootfs"))) rmSync(folder, { recursive: true, force: true });
}

function trialSpec(cgroupsPath: string): object {
  const mounts = hostFolders.map((path) => ({
    destination: path,
    type: "bind",
    source: realpathSync(path),
    options: ["rbind", "ro"],
  }));
  return {
    ociVersion: "1.0.2",
    process: { user: { uid: 0, gid: 0 }, args: ["/bin/true"], env: ["PATH=/usr/bin:/bin"], cwd: "/" },
    root: { path: "rootfs", readonly: true },
    hostname: "trial",
    mounts: [
      { destination: "/proc", type: "proc", source: "proc" },
      { destination: "/dev", type: "tmpfs", source: "tmpfs", options: ["nosuid", "mode=755"] },
      ...mounts,
    ],
    linux: {
      cgroupsPath,
      resources: { pids: { limit: 64 }, memory: { limit: 256 * 1024 * 1024 } },
      namespaces: ["pid", "network", "ipc", "uts", "mount"].map((type) => ({ type })),
    },
  };
}
