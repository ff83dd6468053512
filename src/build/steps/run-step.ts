import { join } from "node:path";
import { BerthError, randomHex } from "../../lib/index.ts";
import type { RunVertex } from "../graph/index.ts";
import type { MountRoot, RunMount, Step, StepEnd, Steps } from "../ops/run/index.ts";
import type { BuildSettings } from "./build-context.ts";
import { checkPlatform } from "./check-platform.ts";
import { exitText, StepError } from "./step-error.ts";
import type { Tree } from "./tree.ts";

export interface RunStepInput {
  readonly vertex: RunVertex;
  readonly root: string;
  readonly settings: BuildSettings;
  /** The result of a vertex that a mount reads from. */
  readonly sourceOf: (id: string) => Tree | { readonly folder: string; readonly id: string } | undefined;
  readonly onOutput: Step["onOutput"];
  readonly signal: AbortSignal;
}

/** A vertex's command as a step for the runner. Throws "forbidden" for rights that the user has not allowed. */
export function stepOf(input: RunStepInput): Step {
  const { vertex, root, settings, onOutput, signal } = input;
  const { instruction } = vertex;
  const network = instruction.network === "default" ? settings.network : instruction.network;
  if (instruction.security === "insecure" && !settings.allowed.has("security.insecure"))
    throw new BerthError("forbidden", "security.insecure is not allowed", {
      hint: "build with --allow security.insecure",
    });
  if (instruction.network === "host" && !settings.allowed.has("network.host") && settings.network !== "host")
    throw new BerthError("forbidden", "network.host is not allowed", { hint: "build with --allow network.host" });
  const mounts = vertex.mounts.map((entry) => mountOf(entry, input));
  if (vertex.script !== undefined) mounts.push(scriptMount(vertex.script));
  return {
    id: `build-${randomHex(12)}`,
    rootfs: root,
    args: vertex.args,
    env: [...vertex.env, ...vertex.proxyEnv],
    cwd: vertex.cwd,
    ...(vertex.user === "" ? {} : { user: vertex.user }),
    mounts,
    network,
    hosts: settings.hosts,
    limits: settings.limits,
    security: instruction.security,
    hostname: "buildkitsandbox",
    onOutput,
    signal,
  };
}

/** Runs a vertex's command. Rejects with StepError where it exits with another code than 0. */
export async function runVertex(steps: Steps, input: RunStepInput): Promise<void> {
  checkPlatform(input.vertex.platform);
  const end: StepEnd = await steps.run(stepOf(input));
  if (end.exitCode === 0) return;
  const { args } = input.vertex;
  const text = exitText(args, end.exitCode, end.oomKilled);
  throw new StepError(input.vertex, new Error(text), { command: args, code: end.exitCode });
}

const scriptMount = ({ name, data }: { name: string; data: string }): RunMount => ({
  type: "file",
  data: Buffer.from(data),
  target: join("/dev/pipes", name),
  mode: 0o755,
});

function mountOf({ mount, from }: RunVertex["mounts"][number], { sourceOf, settings }: RunStepInput): RunMount {
  const { type, id, source, uid, gid, mode, required } = mount;
  const target = mount.target ?? "";
  const owner = given({ uid, gid, mode });
  switch (type) {
    case "bind":
      return { type, target, from: rootOf(from, sourceOf), ...given({ source }), readWrite: !mount.readOnly };
    case "cache": {
      const start = from === undefined ? {} : { from: rootOf(from, sourceOf) };
      const sharing = mount.sharing ?? "shared";
      return {
        type,
        target,
        id: id ?? target,
        sharing,
        ...start,
        ...given({ source }),
        ...owner,
        readOnly: mount.readOnly,
      };
    }
    case "tmpfs":
      return { type, target, ...given({ size: mount.size }) };
    case "secret": {
      const name = id ?? target.slice(target.lastIndexOf("/") + 1);
      const env = mount.env === undefined ? {} : { env: mount.env || name };
      const value = settings.secrets.get(name);
      return { type, id: name, required, ...given({ value, target: mount.target }), ...env, ...owner };
    }
    case "ssh": {
      const name = id ?? "default";
      return { type, id: name, required, ...given({ connect: settings.ssh(name), target: mount.target }), ...owner };
    }
  }
}

function rootOf(from: string | undefined, sourceOf: RunStepInput["sourceOf"]): MountRoot {
  const source = from === undefined ? undefined : sourceOf(from);
  if (source === undefined) return { lowers: [], key: "scratch" };
  if ("folder" in source) return { lowers: [source.folder], key: source.id };
  return { lowers: source.layers.map(({ path }) => path), key: source.key };
}

type Given<T> = { [K in keyof T]?: Exclude<T[K], undefined> };

const given = <T extends object>(fields: T): Given<T> =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Given<T>;
