import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { createDemuxer } from "../../lib/index.ts";
import { detectCgroups, findProgram, listCgroups, removeCgroup } from "../../system/index.ts";
import { createRuntime } from "../create-runtime.ts";
import type { RuntimeProgram } from "../monitor/program.ts";
import type { CreateOptions, RunningHandle, Runtime } from "../runtime.ts";

const applets = ["sh", "cat", "echo", "false", "head", "seq", "sleep", "stty", "true", "yes"];

/** For tests with real containers: a folder, a root file system of busybox, a cgroup, and their end. */
export interface Workshop {
  readonly folder: string;
  /** A new driver over the same folders: what a restarted daemon has. */
  runtime(name?: string): Runtime;
  /** A bundle that is ready for `create`; `change` edits its config.json. */
  bundle(id: string, args: string[], options?: Partial<CreateOptions>, change?: (spec: Spec) => void): CreateOptions;
  /** What containers have left: state folders, cgroups, files in bundles beyond config.json and the log. */
  remains(): string[];
  close(): Promise<void>;
}

/** The parts of config.json that tests change. */
export interface Spec {
  process: { args: string[]; cwd: string };
  mounts: object[];
  linux: { resources?: object; namespaces: { type: string }[] };
}

export const programs: Record<string, RuntimeProgram> = Object.fromEntries(
  ["crun", "runc"].flatMap((name) => {
    const path = findProgram(name);
    return path === undefined ? [] : [[name, { path }]];
  }),
);

/** Whether containers can be made here at all. */
export const able =
  process.getuid?.() === 0 &&
  findProgram("conmon") !== undefined &&
  findProgram("busybox") !== undefined &&
  Object.keys(programs).length > 0;

export function openWorkshop(): Workshop {
  const folder = mkdtempSync("/dev/shm/berth-run-");
  const cgroups = detectCgroups();
  const parent = folder.slice(folder.lastIndexOf("/"));
  makeRoot(join(folder, "root"));
  const runtimes: Runtime[] = [];
  return {
    folder,
    runtime(name = Object.keys(programs)[0] ?? "crun") {
      const conmon = findProgram("conmon") ?? "conmon";
      const runtime = createRuntime({ execRoot: folder, conmon, runtimes: programs, defaultRuntime: name, cgroups });
      runtimes.push(runtime);
      return runtime;
    },
    bundle(id, args, options = {}, change = () => {}) {
      const bundle = join(folder, "containers", id);
      mkdirSync(bundle, { recursive: true });
      const cgroupPath = `${parent}/${id}`;
      const spec = specOf(args, cgroupPath, join(folder, "root"), options.terminal === true);
      change(spec);
      writeFileSync(join(bundle, "config.json"), JSON.stringify(spec));
      const log = { path: join(bundle, "ctr.log") };
      const [command] = args;
      const defaults = { id, bundle, terminal: false, stdin: false, stdinOnce: false, cgroupPath, log };
      return { ...defaults, ...(command === undefined ? {} : { command }), ...options };
    },
    remains() {
      const states = readdirSync(join(folder, "runtimes")).flatMap((name) =>
        readdirSync(join(folder, "runtimes", name)),
      );
      const files = readdirSync(join(folder, "containers"), { recursive: true, encoding: "utf8" });
      return [
        ...states,
        ...listCgroups(cgroups, parent),
        ...readdirSync(join(folder, "tmp")),
        ...files.filter((name) => name.includes("/") && !/\/(config\.json|ctr\.log[.\d]*)$/.test(name)),
      ];
    },
    async close() {
      for (const runtime of runtimes) runtime.close();
      await removeCgroup(cgroups, parent);
      rmSync(folder, { recursive: true });
    },
  };
}

function makeRoot(root: string): void {
  for (const name of ["bin", "proc", "dev", "sys", "etc", "tmp"]) mkdirSync(join(root, name), { recursive: true });
  copyFileSync(findProgram("busybox") ?? "/bin/busybox", join(root, "bin/busybox"));
  for (const name of applets) symlinkSync("busybox", join(root, "bin", name));
  writeFileSync(join(root, "etc/passwd"), "root:x:0:0::/:/bin/sh\n");
}

function specOf(args: string[], cgroupsPath: string, root: string, terminal: boolean): Spec & object {
  return {
    ...{ ociVersion: "1.0.2", hostname: "test", root: { path: root } },
    process: { ...processOf(args), terminal },
    mounts: [
      { destination: "/proc", type: "proc", source: "proc" },
      { destination: "/dev", type: "tmpfs", source: "tmpfs", options: ["nosuid", "mode=755"] },
      { destination: "/dev/pts", type: "devpts", source: "devpts", options: ["newinstance", "ptmxmode=0666"] },
    ],
    linux: {
      cgroupsPath,
      namespaces: ["pid", "network", "ipc", "uts", "mount"].map((type) => ({ type })),
    },
  } as Spec;
}

/** A process of root's with a PATH. */
export function processOf(args: string[]) {
  return { user: { uid: 0, gid: 0 }, args, env: ["PATH=/bin"], cwd: "/" };
}

export const every = { stdin: false, stdout: true, stderr: true };
export const everyAndStdin = { ...every, stdin: true };

/** Everything that an attachment gives until it ends, by stream. */
export async function collect(output: Readable): Promise<{ out: Buffer; err: Buffer }> {
  const chunks: Buffer[][] = [[], []];
  const demuxer = createDemuxer((stream, bytes) => chunks[stream - 1]?.push(Buffer.from(bytes)));
  for await (const chunk of output) demuxer.write(chunk as Buffer);
  demuxer.end();
  return { out: Buffer.concat(chunks[0] ?? []), err: Buffer.concat(chunks[1] ?? []) };
}

/** Polls until the condition holds. Tests wait for states, not for time. */
export async function eventually(condition: () => boolean, what: string): Promise<void> {
  const deadline = Date.now() + 10_000;
  while (!condition()) {
    if (Date.now() > deadline) throw new Error(`it never came to be that ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

/** Creates, attaches, starts, and waits for the end: what `run` does. */
export async function runToEnd(runtime: Runtime, options: CreateOptions) {
  const handle: RunningHandle = await runtime.create(options);
  const attachment = await runtime.attach(handle, every);
  const output = collect(attachment.output);
  await runtime.start(handle);
  const exit = await runtime.onExit(handle);
  return { handle, exit, ...(await output) };
}
