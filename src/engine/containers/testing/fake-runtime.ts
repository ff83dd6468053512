import { PassThrough } from "node:stream";
import { BerthError, type Deferred, deferred } from "../../../lib/index.ts";
import type { Attachment, ExitInfo, RunningHandle, Runtime } from "../../../runtime/index.ts";

/** A process that exists only here. Signals in `ignored` do nothing to it. */
interface FakeProcess {
  readonly handle: RunningHandle;
  readonly exit: Deferred<ExitInfo>;
  readonly attachments: { streams: unknown; output: PassThrough; input: PassThrough }[];
  started: boolean;
  paused: boolean;
  signals: number[];
  deleted: boolean;
  ignored: Set<number>;
  /** What the last update set. */
  limits?: unknown;
  end(exitCode: number, more?: Partial<ExitInfo>): void;
}

export interface FakeRuntime extends Runtime {
  readonly processes: FakeProcess[];
  /** The newest process. */
  last(): FakeProcess;
  /** What the next create rejects with. */
  failCreate: BerthError | undefined;
  readonly execs: { process: { args: string[] }; exit: Deferred<number>; output: PassThrough | undefined }[];
  failExec: BerthError | undefined;
  failUpdate: BerthError | undefined;
  readonly cleaned: string[];
  /** Pids of single processes. */
  readonly killed: number[];
}

/** A runtime whose containers are objects: they end when a test, or a signal, says so. */
export function createFakeRuntime(): FakeRuntime {
  const processes: FakeProcess[] = [];
  const find = (handle: RunningHandle) => {
    const found = processes.find((entry) => entry.handle.pid === handle.pid);
    if (found === undefined) throw new BerthError("internal", "no such process");
    return found;
  };
  const fake: FakeRuntime = {
    processes,
    execs: [],
    cleaned: [],
    killed: [],
    failCreate: undefined,
    failExec: undefined,
    failUpdate: undefined,
    names: ["crun", "runc"],
    defaultName: "crun",
    warmUp: () => {},
    last: () => find(processes.at(-1)?.handle ?? ({ pid: 0 } as RunningHandle)),
    async create(options) {
      const failure = fake.failCreate;
      fake.failCreate = undefined;
      if (failure !== undefined) throw failure;
      const made = makeProcess(options, 1000 + processes.length);
      processes.push(made);
      return made.handle;
    },
    async start(handle) {
      find(handle).started = true;
    },
    kill(handle, signal) {
      const target = find(handle);
      target.signals.push(signal);
      if (!target.ignored.has(signal) && !target.paused && (signal === 9 || signal === 15)) target.end(128 + signal);
      return true;
    },
    killAll: async (handle) => find(handle).end(137),
    pause: async (handle) => {
      find(handle).paused = true;
    },
    isPaused: (handle) => find(handle).paused,
    async resume(handle) {
      const target = find(handle);
      target.paused = false;
      const fatal = target.signals.find((signal) => signal === 9 || signal === 15);
      if (fatal !== undefined && !target.ignored.has(fatal)) target.end(128 + fatal);
    },
    async update(handle, resources) {
      if (fake.failUpdate !== undefined) throw fake.failUpdate;
      find(handle).limits = resources;
    },
    pids: (handle) => [handle.pid],
    delete: async (handle) => {
      const target = find(handle);
      target.end(137);
      target.deleted = true;
    },
    cleanUp: async ({ id }) => {
      fake.cleaned.push(id);
    },
    adopt: () => true,
    onExit: (handle) => find(handle).exit.promise,
    attach: async (handle, streams) => attachTo(find(handle), streams),
    resize: async () => {},
    killProcess: (_, { pid }) => void fake.killed.push(pid),
    async exec(handle, options) {
      if (fake.failExec !== undefined) throw fake.failExec;
      const exit = deferred<number>();
      const attachment = options.attach === undefined ? undefined : attachTo(find(handle), options.attach);
      fake.execs.push({ process: options.process, exit, output: find(handle).attachments.at(-1)?.output });
      return { pid: 5000, exit: exit.promise, attachment, resize: async () => {}, kill: () => exit.resolve(137) };
    },
    close: () => {},
  };
  return fake;
}

function makeProcess(options: Parameters<Runtime["create"]>[0], pid: number): FakeProcess {
  const exit = deferred<ExitInfo>();
  const made: FakeProcess = {
    exit,
    attachments: [],
    started: false,
    paused: false,
    signals: [],
    deleted: false,
    ignored: new Set(),
    handle: {
      id: options.id,
      runtime: options.runtime ?? "crun",
      pid,
      pidStart: 1,
      sharedPids: false,
      monitorPid: pid + 10_000,
      monitorStart: 1,
      bundle: options.bundle,
      cgroupPath: options.cgroupPath,
      terminal: options.terminal,
      stdin: options.stdin ? (options.stdinOnce ? "once" : "open") : "none",
    },
    end(exitCode, more = {}) {
      exit.resolve({ exitCode, finishedAt: new Date(), oomKilled: false, ...more });
      for (const { output } of made.attachments) output.end();
    },
  };
  return made;
}

function attachTo(process: FakeProcess, streams: unknown): Attachment {
  const output = new PassThrough();
  const input = new PassThrough();
  process.attachments.push({ streams, output, input });
  return { tty: process.handle.terminal, output, input, destroy: () => output.destroy() };
}
