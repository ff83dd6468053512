import { type ChildProcess, execFileSync, spawn, spawnSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";

/** Everything that a run leaves behind on disk begins with this; `sweep` removes what a cut-off run has left. */
export const scratch = "/var/tmp/berth-bench-";
/** In memory, as the default exec root is. */
const scratchInMemory = "/dev/shm/berth-bench-";

/** One engine under measurement: how its client is called and which processes are its daemon. */
export interface Contender {
  name: "berth" | "docker" | "podman";
  /** Program and first arguments of its client. */
  client: [string, ...string[]];
  env: Record<string, string>;
  /** The daemon's socket; none for podman. */
  socket: string | undefined;
  /** Host pids of the daemon's own processes; none for podman. */
  daemonPids(): number[];
  /** Host pids of the processes that it keeps for its containers, and of no other engine's. */
  monitorPids(): number[];
  /** Ends what `startBerth` or `startPeers` has started. */
  stop(): Promise<void>;
}

export interface Ran {
  /** The whole command, with what starting a program costs this process. */
  ms: number;
  code: number;
  stdout: string;
  stderr: string;
}

/** Runs the contender's client once. Rejects where it fails, unless it may. */
export async function call(on: Contender, args: string[], options: { mayFail?: boolean } = {}): Promise<Ran> {
  const [program, ...first] = on.client;
  const ran = await start(on, program, [...first, ...args], ["ignore", "pipe", "pipe"]);
  if (ran.code !== 0 && !options.mayFail) throw new Error(`${on.name} ${args.join(" ")}: ${ran.code}: ${ran.stderr}`);
  return ran;
}

/**
 * Milliseconds that a piece of bash takes in which "$@" is the contender's client. A shell of its own measures, because
 * starting a program costs this process some milliseconds, as much as a quarter of what is to be measured.
 */
export async function time(on: Contender, script: string): Promise<number> {
  const timed = `set -e; began=$EPOCHREALTIME; ${script}; echo "$began $EPOCHREALTIME" >&3`;
  const ran = await start(on, "bash", ["-c", timed, "bash", ...on.client], ["ignore", "ignore", "pipe", "pipe"]);
  const [began = Number.NaN, ended = Number.NaN] = ran.stdout.split(" ").map(Number);
  if (ran.code !== 0) throw new Error(`${on.name} ${script}: ${ran.code}: ${ran.stderr}`);
  return (ended - began) * 1000;
}

/** Collects stderr, and as stdout whatever other pipe there is. */
function start(on: Contender, program: string, args: string[], stdio: ("ignore" | "pipe")[]): Promise<Ran> {
  return new Promise((resolve, reject) => {
    const began = performance.now();
    const child = spawn(program, args, { stdio, env: { ...process.env, ...on.env, LC_ALL: "C" } });
    const texts = { stdout: "", stderr: "" };
    for (const [index, pipe] of child.stdio.entries())
      pipe?.on("data", (data) => {
        texts[index === 2 ? "stderr" : "stdout"] += data;
      });
    child.on("error", reject);
    child.on("close", (code) => resolve({ ms: performance.now() - began, code: code ?? 255, ...texts }));
  });
}

/** The command that removes containers at once: Docker and Berth kill, podman asks first, for ten seconds each. */
export const forceful = (on: Contender) => (on.name === "podman" ? "rm -f -t 0" : "rm -f");

/** Removes containers, whatever state they are in; those that are not there are no error. */
export function remove(on: Contender, names: string[]): Promise<Ran> {
  return call(on, [...forceful(on).split(" "), ...names], { mayFail: true });
}

/** Removes the bench's containers that a former, cut-off run may have left with an engine that stays. */
export async function removeLeftovers(on: Contender): Promise<void> {
  const { stdout } = await call(on, ["ps", "-aq", "--filter", "name=bench-"]);
  const ids = stdout.split(/\s+/).filter(Boolean);
  for (let from = 0; from < ids.length; from += 50) await remove(on, ids.slice(from, from + 50));
}

const read = (path: string): string => {
  try {
    return readFileSync(path, "utf8").trim();
  } catch {
    return "";
  }
};

const childrenOf = (pid: number): number[] => {
  const tasks = existsSync(`/proc/${pid}/task`) ? readdirSync(`/proc/${pid}/task`) : [];
  const children = tasks.flatMap((task) => read(`/proc/${pid}/task/${task}/children`).split(" ").filter(Boolean));
  return children.map(Number).flatMap((child) => [child, ...childrenOf(child)]);
};

const commOf = (pid: number): string => read(`/proc/${pid}/comm`);

function mountNamespace(pid: number): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/ns/mnt`);
  } catch {
    return undefined; // it has ended
  }
}

/** Processes of this name that see the file system as `of` does: each engine here has a mount namespace of its own. */
function besides(of: number, name: string): number[] {
  const namespace = mountNamespace(of);
  const pids = readdirSync("/proc").map(Number).filter(Number.isSafeInteger);
  return pids.filter((pid) => commOf(pid).startsWith(name) && mountNamespace(pid) === namespace);
}

/** Docker and Podman through the script that keeps them; undefined where it is not given. */
export function startPeers(
  script: string | undefined,
): { docker: Contender; podman: Contender; pid: number } | undefined {
  if (script === undefined || !existsSync(script)) return undefined;
  const host = execFileSync(script, ["up"], { encoding: "utf8" }).trim();
  const dir = process.env.PEERS_DIR ?? "/var/tmp/peers";
  const pid = Number(readFileSync(join(dir, "dockerd.pid"), "utf8"));
  const stop = async () => {};
  return {
    pid,
    docker: {
      name: "docker",
      client: ["docker", "-H", host],
      env: {},
      socket: host.replace(/^unix:\/\//, ""),
      daemonPids: () => [pid, ...childrenOf(pid)].filter((each) => /^(dockerd|containerd)$/.test(commOf(each))),
      monitorPids: () => besides(pid, "containerd-shim"),
      stop,
    },
    podman: {
      name: "podman",
      client: [script, "exec", "podman"],
      env: {},
      socket: undefined,
      daemonPids: () => [],
      monitorPids: () => besides(pid, "conmon"),
      stop,
    },
  };
}

/** Removes what runs whose process is gone have left behind. */
export function sweep(): void {
  for (const prefix of [scratch, scratchInMemory]) {
    const folder = prefix.slice(0, prefix.lastIndexOf("/"));
    for (const name of readdirSync(folder)) {
      const path = join(folder, name);
      if (!path.startsWith(prefix)) continue;
      const [owner, daemon] = [read(join(path, "owner")), read(join(path, "pid"))];
      if (daemon !== "" && read(`/proc/${daemon}/cmdline`).includes(path))
        process.stderr.write(`a daemon of a run that was cut off is still there: pid ${daemon}, ${path}\n`);
      else if (owner === "" || !existsSync(`/proc/${owner}`)) rmSync(path, { recursive: true, force: true });
    }
  }
}

/** A new folder that `sweep` spares as long as this process lives. */
export function makeScratch(inMemory = false): string {
  const prefix = inMemory ? scratchInMemory : scratch;
  mkdirSync("/var/tmp", { recursive: true });
  const path = mkdtempSync(prefix);
  writeFileSync(join(path, "owner"), String(process.pid));
  return path;
}

/** What a daemon leaves in a network namespace that others go on using: containers' networks outlive it on purpose. */
const clearNetworks = `
  ip link del berth0; nft delete table inet berth
  for family in -4 -6; do
    for priority in 4270 4271 4272; do ip $family rule del pref $priority; done
    ip $family route flush table 4270; ip $family route flush table 4271
  done
  for handle in $(nft -a list chain ip filter FORWARD | sed -n 's/.*0x40000000.*handle \\([0-9]*\\)$/\\1/p'); do
    nft delete rule ip filter FORWARD handle $handle
  done`;

/** A Berth daemon on the same disk, in a mount namespace of its own and the peers' network namespace if there is one. */
export async function startBerth(network: number | undefined): Promise<Contender> {
  const [dir, memory] = [makeScratch(), makeScratch(true)];
  const berth = join(process.env.BERTH_DIST ?? "dist", "berth");
  const socket = join(memory, "berth.sock");
  const roots = ["--data-root", join(dir, "data"), "--exec-root", join(memory, "exec"), "--pidfile", join(dir, "pid")];
  const daemon = [berth, "daemon", ...roots, "-H", `unix://${socket}`, "--log-level", "error"];
  const enter = network === undefined ? [] : ["nsenter", "-t", String(network), "-n", "--"];
  const unshare = ["unshare", "--mount", "--propagation", "private", ...(network === undefined ? ["--net"] : [])];
  const [program = "", ...args] = [...enter, ...unshare, ...daemon];
  const child: ChildProcess = spawn(program, args, { stdio: ["ignore", "ignore", "inherit"] });
  const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  const daemonPids = () => [Number(readFileSync(join(dir, "pid"), "utf8"))];
  const on: Contender = {
    name: "berth",
    client: [berth],
    env: { BERTH_HOST: `unix://${socket}`, BERTH_AUTOSTART: "0" },
    socket,
    daemonPids,
    monitorPids: () => besides(daemonPids()[0] ?? 0, "conmon"),
    async stop() {
      await removeLeftovers(on).catch(() => {});
      child.kill("SIGTERM");
      await ended;
      if (network !== undefined) spawnSync("nsenter", ["-t", String(network), "-n", "sh", "-c", clearNetworks]);
      for (const path of [memory, dir]) rmSync(path, { recursive: true, force: true });
    },
  };
  for (let tries = 0; tries < 200; tries++) {
    if (child.exitCode !== null) throw new Error("the daemon ended");
    if (existsSync(socket) && (await call(on, ["version"], { mayFail: true })).code === 0) return on;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error("the daemon does not answer");
}
