import { invalid } from "../../lib/index.ts";
import type { CreateOptions, StdinMode } from "../runtime.ts";
import type { NamedRuntime } from "./program.ts";

/** Names of the files in a bundle that the monitor makes and the driver reads. */
export const monitorFiles = {
  attach: "attach",
  control: "ctl",
  windowSize: "winsz",
  pid: "pid",
  exit: "exit",
  oom: "oom",
} as const;

/** What an open stdin means: a terminal's is never ended by a client that leaves, as with Docker. */
export function stdinMode(options: Pick<CreateOptions, "stdin" | "stdinOnce" | "terminal">): StdinMode {
  if (!options.stdin) return "none";
  return options.stdinOnce && !options.terminal ? "once" : "open";
}

/** conmon's arguments for a container. Throws "invalid" for a log path that conmon cannot take. */
export function containerArguments(options: CreateOptions, runtime: NamedRuntime): string[] {
  return [
    ...common(options.id, options.bundle, runtime),
    ...streams(options),
    "--log-path",
    logPath(options.log?.path),
  ];
}

/** conmon's arguments for one more process in a container: `folder` takes the place of the bundle. */
export function execArguments(
  options: { container: string; folder: string; attach: boolean } & Pick<
    CreateOptions,
    "stdin" | "stdinOnce" | "terminal"
  >,
  runtime: NamedRuntime,
): string[] {
  return [
    ...common(options.container, options.folder, runtime),
    ...streams(options),
    ...["--log-path", "none", "--exec", "--exec-process-spec", `${options.folder}/process.json`],
    ...(options.attach ? ["--exec-attach"] : []),
  ];
}

function common(id: string, folder: string, runtime: NamedRuntime): string[] {
  return [
    ...["--api-version", "1", "--cid", id, "--cuuid", id, "--bundle", folder, "--persist-dir", folder],
    ...["--container-pidfile", `${folder}/${monitorFiles.pid}`],
    // --sync: one fork less, and the pid of the monitor is that of the process that was spawned.
    ...["--sync", "--full-attach", "--no-sync-log"],
    ...["--runtime", runtime.path, ...runtime.args.flatMap((argument) => ["--runtime-arg", argument])],
  ];
}

function streams(options: Pick<CreateOptions, "stdin" | "stdinOnce" | "terminal">): string[] {
  const mode = stdinMode(options);
  return [
    ...(options.terminal ? ["--terminal"] : []),
    ...(mode === "none" ? [] : ["--stdin"]),
    ...(mode === "open" ? ["--leave-stdin-open"] : []),
  ];
}

function logPath(path: string | undefined): string {
  if (path === undefined) return "none";
  if (path.includes(":")) throw invalid(`a log path cannot contain a colon: ${path}`);
  return `k8s-file:${path}`;
}
