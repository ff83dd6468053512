import { type ChildProcess, execFileSync, spawn, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";

/** One engine under measurement: how its client is called and which processes are its daemon. */
export interface Contender {
  name: "berth" | "docker" | "podman";
  /** Program and first arguments of its client. */
  client: [string, ...string[]];
  env: Record<string, string>;
  /** Host pids of the daemon's own processes; none for podman. */
  daemonPids(): number[];
  /** Names (comm) of the processes that it keeps per container. */
  monitors: string[];
  stop(): void;
}

export interface Ran {
  ms: number;
  code: number;
  stdout: string;
  stderr: string;
}

/** Runs the contender's client once and times the whole command. `discard` counts output without keeping it. */
export function call(
  on: Contender,
  args: string[],
  options: { discard?: boolean; mayFail?: boolean } = {},
): Promise<Ran> {
  return new Promise((resolve, reject) => {
    const [program, ...first] = on.client;
    const began = performance.now();
    const stdio: ("ignore" | "pipe")[] = ["ignore", options.discard ? "ignore" : "pipe", "pipe"];
    const child = spawn(program, [...first, ...args], { stdio, env: { ...process.env, ...on.env } });
    let stdout = "";
    let stderr = "";
    child.stdout?.on("data", (data) => {
      stdout += data;
    });
    child.stderr?.on("data", (data) => {
      stderr += data;
    });
    child.on("error", reject);
    child.on("close", (code) => {
      const ran = { ms: performance.now() - began, code: code ?? 255, stdout, stderr };
      if (ran.code !== 0 && !options.mayFail) reject(new Error(`${on.name} ${args.join(" ")}: ${code}: ${stderr}`));
      else resolve(ran);
    });
  });
}

const childrenOf = (pid: number): number[] => {
  const found: number[] = [];
  for (const task of readdirSync(`/proc/${pid}/task`)) {
    const list = readFileSync(`/proc/${pid}/task/${task}/children`, "utf8").trim();
    for (const child of list.split(" ").filter(Boolean).map(Number)) found.push(child, ...childrenOf(child));
  }
  return found;
};

const commOf = (pid: number): string => readFileSync(`/proc/${pid}/comm`, "utf8").trim();

/** Docker and Podman through the script that keeps them; undefined where it is not given. */
export function startPeers(
  script: string | undefined,
): { docker: Contender; podman: Contender; pid: number } | undefined {
  if (script === undefined || !existsSync(script)) return undefined;
  const host = execFileSync(script, ["up"], { encoding: "utf8" }).trim();
  const dir = process.env.PEERS_DIR ?? "/var/tmp/peers";
  const pid = Number(readFileSync(join(dir, "dockerd.pid"), "utf8"));
  const dockerPids = () => [pid, ...childrenOf(pid)].filter((each) => /^(dockerd|containerd)$/.test(commOf(each)));
  const stop = () => {};
  return {
    pid,
    docker: {
      name: "docker",
      client: ["docker", "-H", host],
      env: {},
      daemonPids: dockerPids,
      monitors: ["containerd-shim"],
      stop,
    },
    podman: {
      name: "podman",
      client: [script, "exec", "podman"],
      env: {},
      daemonPids: () => [],
      monitors: ["conmon"],
      stop,
    },
  };
}

/** A Berth daemon on the same disk, in a mount namespace of its own and the peers' network namespace if there is one. */
export async function startBerth(
  network: number | undefined,
  flags: string[] = [],
): Promise<Contender & { dir: string }> {
  mkdirSync("/var/tmp", { recursive: true });
  const dir = mkdtempSync("/var/tmp/berth-bench-");
  const berth = join(process.env.BERTH_DIST ?? "dist", "berth");
  const socket = join(dir, "berth.sock");
  const own = ["daemon", "--data-root", join(dir, "data"), "--exec-root", join(dir, "exec"), "-H", `unix://${socket}`];
  const net = network === undefined ? ["--net"] : [];
  const unshare = [
    "unshare",
    "--mount",
    ...net,
    "--propagation",
    "private",
    berth,
    ...own,
    "--pidfile",
    join(dir, "pid"),
    ...flags,
  ];
  const [program, ...args] =
    network === undefined ? unshare : ["nsenter", "-t", String(network), "-n", "--", ...unshare];
  const child: ChildProcess = spawn(program as string, args, { stdio: ["ignore", "ignore", "inherit"] });
  const on: Contender & { dir: string } = {
    name: "berth",
    dir,
    client: [berth],
    env: { BERTH_HOST: `unix://${socket}`, BERTH_AUTOSTART: "0" },
    daemonPids: () => [Number(readFileSync(join(dir, "pid"), "utf8"))],
    monitors: ["conmon"],
    stop: () => {
      child.kill("SIGTERM");
      spawnSync("sleep", ["0.5"]);
      rmSync(dir, { recursive: true, force: true });
    },
  };
  for (let tries = 0; tries < 200; tries++) {
    if (child.exitCode !== null) throw new Error("the daemon ended");
    if (existsSync(socket) && (await call(on, ["version"], { mayFail: true })).code === 0) return on;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error("the daemon does not answer");
}
