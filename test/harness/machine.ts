import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmdirSync, rmSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";

/** How much longer things may take here than on a usual machine. */
const slow = Number(process.env.BERTH_SLOW ?? 1);

export interface Output {
  code: number;
  stdout: string;
  stderr: string;
}

export interface ExecOptions {
  input?: string | Buffer;
  env?: Record<string, string>;
  timeoutMs?: number;
}

/**
 * A machine of its own for one test file: fresh mount, network, pid, uts and ipc namespaces with only a loopback,
 * and a folder on tmpfs that is seen from both sides. Disposing of it ends every process in it.
 */
export class Machine implements AsyncDisposable {
  readonly dir: string;
  /** Parent of the machine's control groups: these are the host's, whatever the namespaces. */
  get cgroup(): string {
    return `/${basename(this.dir)}`;
  }

  /** Folders of control groups under the machine's parent, over all hierarchies. */
  cgroups(): string[] {
    const hierarchies = ["", ...readdirSync("/sys/fs/cgroup")].map((name) => join("/sys/fs/cgroup", name, this.cgroup));
    return hierarchies.filter((path) => existsSync(path)).flatMap((path) => [...foldersIn(path), path]);
  }

  /** The host's pid of the machine's init. */
  readonly init: number;
  #ended: Promise<void>;

  constructor(dir: string, init: number, ended: Promise<void>) {
    this.dir = dir;
    this.init = init;
    this.#ended = ended;
  }

  /** The argument list that runs a program inside. */
  enter(program: string, args: readonly string[]): [string, string[]] {
    return ["nsenter", ["-t", String(this.init), "-m", "-n", "-p", "-u", "-i", "--", program, ...args]];
  }

  exec(program: string, args: readonly string[], options: ExecOptions = {}): Promise<Output> {
    const [command, all] = this.enter(program, args);
    return capture(command, all, options);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // What is frozen does not even end.
    for (const path of this.cgroups()) thaw(path);
    process.kill(this.init, "SIGKILL");
    await this.#ended;
    for (const path of this.cgroups()) await removeCgroup(path);
    rmSync(this.dir, { recursive: true, force: true });
  }
}

const foldersIn = (path: string): string[] =>
  readdirSync(path, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .flatMap(({ name }) => [...foldersIn(join(path, name)), join(path, name)]);

function thaw(path: string): void {
  for (const [file, word] of [
    ["freezer.state", "THAWED"],
    ["cgroup.freeze", "0"],
  ] as const)
    try {
      if (existsSync(join(path, file))) writeFileSync(join(path, file), word);
    } catch (error) {
      // A daemon that still runs may remove it meanwhile.
      if (!["ENOENT", "ENODEV"].includes((error as NodeJS.ErrnoException).code ?? "")) throw error;
    }
}

/** The kernel refuses while the last process of the group is still ending. */
async function removeCgroup(path: string): Promise<void> {
  for (let tries = 0; tries < 100; tries++)
    try {
      return rmdirSync(path);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EBUSY") return;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
}

export async function makeMachine(): Promise<Machine> {
  const dir = mkdtempSync("/dev/shm/berth-e2e-");
  const flags = ["--mount", "--net", "--pid", "--uts", "--ipc", "--fork", "--kill-child", "--mount-proc"];
  const script = `ip link set lo up; mount -t tmpfs tmpfs /run; echo ready; exec catatonit -P`;
  const child = spawn("unshare", [...flags, "--propagation", "private", "sh", "-c", script], {
    stdio: ["ignore", "pipe", "ignore"],
  });
  const ended = new Promise<void>((resolve) => child.on("close", () => resolve()));
  await new Promise<void>((resolve, reject) => {
    child.stdout.once("data", () => resolve());
    child.once("close", (code) => reject(new Error(`unshare ended with ${code}`)));
  });
  const init = Number(readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, "utf8").trim().split(" ")[0]);
  return new Machine(dir, init, ended);
}

/** Runs a program and keeps what it says; rejects only where it does not start or does not end in time. */
export function capture(program: string, args: readonly string[], options: ExecOptions = {}): Promise<Output> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: ["pipe", "pipe", "pipe"], env: { ...process.env, ...options.env } });
    const out: Buffer[] = [];
    const err: Buffer[] = [];
    const timer = setTimeout(
      () => {
        child.kill("SIGKILL");
        const said = Buffer.concat([...out, ...err])
          .toString()
          .slice(-2000);
        reject(new Error(`${program} ${args.join(" ")} did not end in time; it said: ${said}`));
      },
      (options.timeoutMs ?? 60_000) * slow,
    );
    child.stdout.on("data", (data: Buffer) => out.push(data));
    child.stderr.on("data", (data: Buffer) => err.push(data));
    child.on("error", reject);
    child.on("close", (code, signal) => {
      clearTimeout(timer);
      const number = code ?? 128 + (signal === "SIGKILL" ? 9 : 15);
      resolve({ code: number, stdout: Buffer.concat(out).toString("latin1"), stderr: Buffer.concat(err).toString() });
    });
    child.stdin.on("error", () => {});
    child.stdin.end(options.input ?? "");
  });
}

/** Waits until the probe gives something other than undefined or false, and gives that. */
export async function until<T>(what: string, probe: () => Promise<T> | T, timeoutMs = 20_000): Promise<NonNullable<T>> {
  const end = Date.now() + timeoutMs * slow;
  for (;;) {
    const value = await probe();
    if (value !== undefined && value !== null && value !== false) return value as NonNullable<T>;
    if (Date.now() > end) throw new Error(`timed out waiting until ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

export const isRoot = process.getuid?.() === 0;

/** Whether a program is on the path. */
export function has(program: string): boolean {
  return spawnSync("sh", ["-c", `command -v ${program}`]).status === 0;
}
