import { release } from "node:os";
import { run } from "../../system/index.ts";
import type { Host } from "../host.ts";
import type { SystemParts } from "./system-parts.ts";

/** The Engine API versions that are served. */
const API_VERSION = "1.51";
const MIN_API_VERSION = "1.24";

/** What the programs say of their versions, by name: conmon and each runtime. */
export type ProgramVersions = ReadonlyMap<string, { version: string; commit: string }>;

/** Asks the programs once, when somebody wants to know. */
export function createProgramVersions(host: Host): () => Promise<ProgramVersions> {
  let asked: Promise<ProgramVersions> | undefined;
  return () => {
    asked ??= ask(host);
    return asked;
  };
}

async function ask({ conmon, runtimes }: Host): Promise<ProgramVersions> {
  const programs = [
    ["conmon", conmon] as const,
    ...Object.entries(runtimes).map(([name, { path }]) => [name, path] as const),
  ];
  const found = programs.map(async ([name, path]) => [name, await versionOf(path)] as const);
  return new Map(await Promise.all(found));
}

async function versionOf(path: string): Promise<{ version: string; commit: string }> {
  const result = await run(path, ["--version"], { timeoutMs: 5000 }).catch(() => undefined);
  const text = result?.stdout.toString("utf8") ?? "";
  return {
    version: /version:? v?([0-9][^\s]*)/.exec(text)?.[1] ?? "",
    commit: /commit:? ([^\s]+)/.exec(text)?.[1] ?? "",
  };
}

/** GET /version. */
export function versionBody({ config, host }: SystemParts, programs: ProgramVersions): Record<string, unknown> {
  const kernel = release();
  const common = {
    Version: config.version,
    ApiVersion: API_VERSION,
    MinAPIVersion: MIN_API_VERSION,
    GitCommit: "",
    GoVersion: "",
    Os: "linux",
    Arch: host.machine.architecture,
    KernelVersion: kernel,
    BuildTime: "",
  };
  const { Version: _version, ...details } = common;
  const runtime = programs.get(host.defaultRuntime);
  return {
    Platform: { Name: "Berth" },
    Components: [
      { Name: "Engine", Version: config.version, Details: { ...details, Experimental: String(config.experimental) } },
      {
        Name: "conmon",
        Version: programs.get("conmon")?.version ?? "",
        Details: { GitCommit: programs.get("conmon")?.commit ?? "" },
      },
      { Name: host.defaultRuntime, Version: runtime?.version ?? "", Details: { GitCommit: runtime?.commit ?? "" } },
    ],
    ...common,
    ...(config.experimental ? { Experimental: true } : {}),
  };
}
