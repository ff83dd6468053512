import { posix } from "node:path";
import { invalid, messageOf } from "../../../lib/index.ts";
import { tmpfsData, tmpfsMount } from "../../../runtime/index.ts";
import type { Mount } from "../../../spec/api/index.ts";
import type { MountRecord } from "../../../store/records/index.ts";
import { isMountMode, isPropagation, parseMountMode } from "./mount-mode.ts";

/**
 * A mount that the user asks for. A volume without a name is one still to be made: `volume` is "" then.
 * Everything here has been checked for its form; nothing has been looked up.
 */
export type MountRequest = MountRecord & {
  volumeLabels?: Record<string, string>;
  volumeOptions?: Record<string, string>;
};

const badSpec = (raw: string, why = "") => invalid(`invalid volume specification: '${raw}'${why && `: ${why}`}`);

/** One of HostConfig.Binds: "[source:]destination[:mode]". Throws "invalid" with Docker's texts. */
export function parseBind(raw: string): MountRequest {
  const parts = raw.split(":");
  if (parts[0] === "" || parts.length > 3) throw badSpec(raw);
  const { source, target, mode } = bindParts(parts);
  const { readWrite, propagation, noCopy } = parseMountMode(mode);
  const isBind = source.startsWith("/");
  const asked: Mount = { Type: isBind ? "bind" : "volume", Source: source, Target: target, ReadOnly: !readWrite };
  if (propagation !== undefined) asked.BindOptions = { Propagation: propagation };
  if (noCopy) asked.VolumeOptions = { NoCopy: true };
  try {
    // nocopy has no meaning for a bind and propagation none for a volume; Docker says so by its own rules.
    checkMount(asked);
  } catch (error) {
    throw badSpec(raw, messageOf(error));
  }
  // Docker marks its own volumes as to be relabelled where the user did not say how.
  const shown = mode === "" && !isBind && source !== "" ? "z" : mode;
  return { ...toRequest(asked), mode: shown, readWrite, ...(isBind ? { createSource: true } : {}) };
}

function bindParts(parts: readonly string[]): { source: string; target: string; mode: string } {
  const [first = "", second = "", third = ""] = parts;
  if (parts.length === 1) return { source: "", target: first, mode: "" };
  // "/foo:ro" is an anonymous volume with a mode.
  if (parts.length === 2 && second !== "" && isMountMode(second)) return { source: "", target: first, mode: second };
  return { source: first, target: second, mode: third };
}

/** One of HostConfig.Mounts. Throws "invalid" with Docker's texts; what is not there yet as "not-implemented". */
export function parseMount(mount: Mount): MountRequest {
  checkMount(mount);
  const request = toRequest(mount);
  return request.type === "volume" && request.volume !== "" ? { ...request, mode: "z" } : request;
}

function toRequest(mount: Mount): MountRequest {
  const { Type: type, Source: source = "", BindOptions: bind, VolumeOptions: volume } = mount;
  const common = {
    destination: cleanTarget(mount.Target ?? ""),
    mode: "",
    readWrite: mount.ReadOnly !== true,
    listed: true,
  };
  if (type === "tmpfs") {
    const data = tmpfsData(mount.TmpfsOptions, mount.ReadOnly === true);
    return { type, source: "", propagation: "", tmpfsData: data, ...common };
  }
  if (type === "volume") {
    return {
      type,
      source: "",
      volume: source,
      propagation: bind?.Propagation ?? "",
      ...common,
      ...(volume?.NoCopy ? { noCopy: true } : {}),
      ...(volume?.Subpath ? { subpath: volume.Subpath } : {}),
      ...(volume?.Labels ? { volumeLabels: volume.Labels } : {}),
      ...(volume?.DriverConfig?.Options ? { volumeOptions: volume.DriverConfig.Options } : {}),
    };
  }
  return {
    type: "bind",
    source: posix.normalize(source),
    propagation: bind?.Propagation || "rprivate",
    ...common,
    ...(bind?.NonRecursive ? { nonRecursive: true } : {}),
    ...(bind?.ReadOnlyNonRecursive ? { readOnlyNonRecursive: true } : {}),
    ...(bind?.ReadOnlyForceRecursive ? { readOnlyForceRecursive: true } : {}),
    ...(bind?.CreateMountpoint ? { createSource: true } : {}),
  };
}

/** A mount's destination without doubled or closing slashes. */
export function cleanTarget(target: string): string {
  const clean = posix.normalize(target);
  return clean.length > 1 && clean.endsWith("/") ? clean.slice(0, -1) : clean;
}

function checkMount(mount: Mount): void {
  const type = mount.Type ?? "";
  const fail = (why: string) => invalid(`invalid mount config for type "${type}": ${why}`);
  const absent = (...fields: (keyof Mount)[]) => {
    for (const field of fields) {
      const value = mount[field];
      if (value !== undefined && value !== "" && value !== null) throw fail(`field ${field} must not be specified`);
    }
  };
  if (type === "image" || type === "cluster" || type === "npipe")
    throw fail(`mounts of type ${type} are not supported`);
  checkTarget(mount.Target ?? "", fail);
  const source = mount.Source ?? "";
  switch (type) {
    case "bind":
      if (source === "") throw fail("field Source must not be empty");
      absent("VolumeOptions", "TmpfsOptions", "ImageOptions");
      checkBind(mount, fail);
      return;
    case "volume":
      checkVolume(mount, fail);
      absent("TmpfsOptions", "ImageOptions");
      return;
    case "tmpfs":
      absent("Source", "BindOptions", "VolumeOptions", "ImageOptions");
      checkTmpfs(mount, fail);
      return;
    default:
      throw fail("mount type unknown");
  }
}

type Fail = (why: string) => Error;

/** Docker's rules for where something can be mounted. */
export function checkTarget(target: string, fail: Fail = invalid): void {
  if (target === "") throw fail("field Target must not be empty");
  if (target.includes("\0")) throw fail("invalid mount path: it holds a NUL byte");
  if (posix.normalize(target.replaceAll("\\", "/")) === "/") {
    throw fail("invalid specification: destination can't be '/'");
  }
  if (!target.startsWith("/")) throw fail(`invalid mount path: '${target}' mount path must be absolute`);
}

function checkBind({ Source: source = "", BindOptions: options }: Mount, fail: Fail): void {
  const propagation = options?.Propagation ?? "";
  if (propagation !== "" && !isPropagation(propagation)) throw fail(`invalid propagation mode: ${propagation}`);
  if (!source.startsWith("/")) throw fail(`invalid mount path: '${source}' mount path must be absolute`);
  if (source.includes("\0")) throw fail("invalid mount path: it holds a NUL byte");
}

function checkTmpfs({ TmpfsOptions: options, ReadOnly: readOnly }: Mount, fail: Fail): void {
  try {
    tmpfsMount("/x", tmpfsData(options, readOnly === true));
  } catch (error) {
    throw fail(messageOf(error));
  }
}

function checkVolume(mount: Mount, fail: Fail): void {
  const { Source: source = "", ReadOnly: readOnly, VolumeOptions: options } = mount;
  // Of Binds, "v:/x:rslave" gives a volume with a propagation; of Mounts, bind options on a volume are a mistake.
  if (mount.BindOptions !== undefined) throw fail("field BindOptions must not be specified");
  const driver = options?.DriverConfig?.Name ?? "";
  if (driver !== "" && driver !== "local") {
    throw invalid(`error looking up volume plugin ${driver}: plugin "${driver}" not found`);
  }
  if (source === "" && readOnly) throw fail("must not set ReadOnly mode when using anonymous volumes");
  const subpath = options?.Subpath ?? "";
  if (subpath === "") return;
  if (source === "") throw fail("must not set Subpath when using anonymous volumes");
  const clean = posix.normalize(subpath);
  const escapes = clean === ".." || clean.startsWith("../");
  if (subpath.startsWith("/") || escapes || subpath.includes("\0")) {
    throw fail("subpath must be a relative path within the volume");
  }
}
