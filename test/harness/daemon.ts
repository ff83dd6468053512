import { type ChildProcess, spawn } from "node:child_process";
import { appendFileSync, existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type Answer, requestOn } from "./api-request.ts";
import { type ExecOptions, type Machine, type Output, until } from "./machine.ts";

export const dist = process.env.BERTH_DIST ?? join(import.meta.dirname, "../../dist");
export const dockerClient = process.env.BERTH_TEST_DOCKER ?? "docker";

/** A Berth daemon in a machine of its own, with its data on that machine's folder. */
export class Daemon implements AsyncDisposable {
  readonly machine: Machine;
  readonly dir: string;
  readonly socket: string;
  readonly host: string;
  readonly flags: readonly string[];
  #child: ChildProcess | undefined;

  constructor(machine: Machine, name: string, flags: readonly string[]) {
    this.machine = machine;
    this.dir = join(machine.dir, name);
    this.socket = join(machine.dir, `${name}.sock`);
    this.host = `unix://${this.socket}`;
    this.flags = flags;
  }

  get dataRoot(): string {
    return join(this.dir, "data");
  }

  get logFile(): string {
    return `${this.dir}.log`;
  }

  get log(): string {
    return existsSync(this.logFile) ? readFileSync(this.logFile, "utf8") : "";
  }

  /** The daemon's pid as its machine sees it. */
  get pid(): number {
    return Number(readFileSync(join(`${this.dir}.pid`), "utf8"));
  }

  async start(): Promise<void> {
    const own = ["--data-root", this.dataRoot, "--exec-root", join(this.dir, "exec"), "--pidfile", `${this.dir}.pid`];
    own.push("--cgroup-parent", this.machine.cgroup);
    const [program, args] = this.machine.enter(join(dist, "berth"), ["daemon", ...own, "-H", this.host, ...this.flags]);
    const child = spawn(program, args, { stdio: ["ignore", "pipe", "pipe"] });
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (data) => appendFileSync(this.logFile, data));
    this.#child = child;
    let ended = false;
    child.on("close", () => {
      ended = true;
    });
    await until("the daemon answers", async () => {
      if (ended) throw new Error(`the daemon ended at once:\n${this.log}`);
      return this.get("/_ping").then(
        (answer) => answer.status === 200,
        () => false,
      );
    });
  }

  /** Ends the daemon with a signal and waits until it is gone. */
  async signal(signal: "SIGKILL" | "SIGTERM"): Promise<void> {
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise((resolve) => child.once("close", resolve));
    await this.machine.exec("kill", [`-${signal.slice(3)}`, String(this.pid)]);
    await gone;
  }

  async restart(signal: "SIGKILL" | "SIGTERM" = "SIGKILL"): Promise<void> {
    await this.signal(signal);
    await this.start();
  }

  /** Runs berth's own command line against this daemon. */
  berth(args: readonly string[], options: ExecOptions = {}): Promise<Output> {
    return this.#client(join(dist, "berth"), args, options);
  }

  /** Runs the real docker client against this daemon. */
  docker(args: readonly string[], options: ExecOptions = {}): Promise<Output> {
    return this.#client(dockerClient, args, options);
  }

  #client(program: string, args: readonly string[], options: ExecOptions): Promise<Output> {
    const env = { DOCKER_HOST: this.host, BERTH_HOST: this.host, DOCKER_CONFIG: join(this.machine.dir, "config") };
    return this.machine.exec(program, args, { ...options, env: { ...env, ...options.env } });
  }

  /** A client's argument list and environment, for tests that hold the process in their own hands. */
  clientCommand(client: "berth" | "docker", args: readonly string[]): [string, string[], Record<string, string>] {
    const program = client === "docker" ? dockerClient : join(dist, "berth");
    const [command, all] = this.machine.enter(program, args);
    return [command, all, { DOCKER_HOST: this.host, BERTH_HOST: this.host }];
  }

  get(path: string): Promise<Answer> {
    return this.request("GET", path);
  }

  /** One raw request to the API. */
  request(method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<Answer> {
    return requestOn(this.socket, method, path, body, headers);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.signal("SIGKILL");
  }
}

export async function startDaemon(
  machine: Machine,
  options: { name?: string; flags?: string[] } = {},
): Promise<Daemon> {
  const daemon = new Daemon(machine, options.name ?? "berth", options.flags ?? []);
  await daemon.start();
  return daemon;
}
