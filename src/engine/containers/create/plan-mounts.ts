import { invalid } from "../../../lib/index.ts";
import type { ContainerConfig, HostConfig } from "../../../spec/api/index.ts";
import type { MountRecord } from "../../../store/records/index.ts";
import { parseMountMode } from "./mount-mode.ts";
import { checkTarget, cleanTarget, type MountRequest, parseBind, parseMount } from "./mount-request.ts";

/** Facts that the plan needs from outside. */
export interface MountFacts {
  /** Mounts of the container that --volumes-from names. Throws "not-found". */
  mountsOf(ref: string): readonly MountRecord[];
  /** Whether something is at a path of the host; asked for the sources of `--mount type=bind`. */
  exists(path: string): boolean;
}

/** More than anybody mounts; an image could ask for a volume for each of ten thousand paths. */
const MAX_MOUNTS = 1000;

const duplicate = (destination: string) => invalid(`Duplicate mount point: ${destination}`);

/**
 * Every mount of a container, in Docker's order of precedence: --volumes-from, then -v, --mount and --tmpfs, which
 * must differ from each other, then the volumes of the configuration where nothing is mounted yet.
 * Throws "invalid" with Docker's texts.
 */
export function planMounts(config: ContainerConfig, hostConfig: HostConfig, facts: MountFacts): MountRequest[] {
  const mounts = new Map<string, MountRequest>();
  for (const text of hostConfig.VolumesFrom ?? []) {
    for (const mount of volumesFrom(text, facts)) mounts.set(mount.destination, mount);
  }
  for (const mount of askedFor(hostConfig, facts)) mounts.set(mount.destination, mount);
  for (const path of Object.keys(config.Volumes ?? {})) {
    const destination = cleanTarget(`/${path}`);
    if (!mounts.has(destination)) mounts.set(destination, anonymous(destination));
  }
  if (mounts.size > MAX_MOUNTS) throw invalid(`more than ${MAX_MOUNTS} mounts`);
  return [...mounts.values()];
}

function anonymous(destination: string): MountRequest {
  checkTarget(destination);
  return {
    type: "volume",
    destination,
    source: "",
    volume: "",
    mode: "",
    readWrite: true,
    propagation: "",
    listed: true,
  };
}

function askedFor(hostConfig: HostConfig, facts: MountFacts): MountRequest[] {
  const mounts = new Map<string, MountRequest>();
  const add = (mount: MountRequest) => {
    if (mounts.has(mount.destination)) throw duplicate(mount.destination);
    mounts.set(mount.destination, mount);
  };
  for (const raw of hostConfig.Binds ?? []) add(withDriver(parseBind(raw), hostConfig));
  for (const mount of hostConfig.Mounts ?? []) {
    const request = parseMount(mount);
    if (request.type === "bind" && !request.createSource && !facts.exists(request.source)) {
      throw invalid(`invalid mount config for type "bind": bind source path does not exist: ${request.source}`);
    }
    add(request);
  }
  for (const [target, options] of Object.entries(hostConfig.Tmpfs ?? {})) add(plainTmpfs(target, options));
  return [...mounts.values()];
}

function withDriver(mount: MountRequest, { VolumeDriver: driver = "" }: HostConfig): MountRequest {
  if (mount.type !== "volume" || driver === "" || driver === "local") return mount;
  throw invalid(`error looking up volume plugin ${driver}: plugin "${driver}" not found`);
}

function plainTmpfs(target: string, options: string): MountRequest {
  checkTarget(target);
  return {
    type: "tmpfs",
    destination: cleanTarget(target),
    source: "",
    mode: "",
    readWrite: true,
    propagation: "",
    // Docker checks --tmpfs' options when the container starts: kept as they are.
    tmpfsData: options,
    listed: false,
  };
}

function volumesFrom(text: string, facts: MountFacts): MountRequest[] {
  const colon = text.indexOf(":");
  const ref = colon < 0 ? text : text.slice(0, colon);
  const mode = colon < 0 ? "rw" : text.slice(colon + 1);
  if (ref === "") throw invalid(`malformed volumes-from specification: ${JSON.stringify(text)}`);
  const { readWrite, propagation, noCopy } = parseMountMode(mode);
  if (noCopy || propagation !== undefined) throw invalid(`invalid mode: ${mode}`);
  return facts
    .mountsOf(ref)
    .filter((mount) => mount.listed)
    .map((mount) => ({ ...mount, readWrite: mount.readWrite && readWrite, noCopy: true }));
}
