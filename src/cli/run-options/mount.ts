import { resolve } from "node:path";
import { parseBool, parseCsv } from "../../lib/flags/index.ts";
import { parseSize } from "../../lib/text/index.ts";
import type { Mount, MountType } from "../../spec/api/index.ts";
import { cut } from "../core/flag.ts";

type Deep = Mount & {
  BindOptions?: NonNullable<Mount["BindOptions"]>;
  VolumeOptions?: NonNullable<Mount["VolumeOptions"]>;
};

/** Parses one `--mount`: type=bind,source=/a,target=/b,readonly. Errors are Docker's. */
export function parseMount(text: string): Mount {
  if (text === "") throw new Error("value is empty");
  const mount: Deep = { Type: "volume" };
  for (const field of parseCsv(text)) applyField(mount, field);
  check(mount);
  return mount;
}

const bind = (mount: Deep) => {
  mount.BindOptions ??= {};
  return mount.BindOptions;
};
const volume = (mount: Deep) => {
  mount.VolumeOptions ??= {};
  return mount.VolumeOptions;
};
const tmpfs = (mount: Deep) => {
  mount.TmpfsOptions ??= {};
  return mount.TmpfsOptions;
};

/** Sets one option of the mount; `value` undefined is a name that stands alone. */
type Setter = (mount: Deep, value: string, name: string) => void;

const boolean = (name: string, value: string) => {
  try {
    return parseBool(value);
  } catch {
    throw new Error(`invalid value for ${name}: ${value}`);
  }
};

const source: Setter = (mount, value) => {
  mount.Source =
    value === "." || value.startsWith("./") || value.startsWith("../") || value === ".." ? resolve(value) : value;
};
const target: Setter = (mount, value) => {
  mount.Target = value;
};
const readOnly: Setter = (mount, value, name) => {
  mount.ReadOnly = boolean(name, value);
};

const SETTERS: Record<string, Setter> = {
  type: (mount, value) => {
    mount.Type = value.toLowerCase() as MountType;
  },
  source,
  src: source,
  target,
  dst: target,
  destination: target,
  readonly: readOnly,
  ro: readOnly,
  consistency: (mount, value) => {
    mount.Consistency = value.toLowerCase();
  },
  "bind-propagation": (mount, value) => {
    bind(mount).Propagation = value.toLowerCase();
  },
  "bind-nonrecursive": (mount, value, name) => {
    bind(mount).NonRecursive = boolean(name, value);
  },
  "bind-recursive": bindRecursive,
  "volume-subpath": (mount, value) => {
    volume(mount).Subpath = value;
  },
  "volume-nocopy": (mount, value, name) => {
    volume(mount).NoCopy = boolean(name, value);
  },
  "volume-label": (mount, value) => {
    const [key, label] = cut(value, "=");
    volume(mount).Labels = { ...volume(mount).Labels, [key]: label ?? "" };
  },
  "volume-driver": (mount, value) => {
    volume(mount).DriverConfig = { ...volume(mount).DriverConfig, Name: value };
  },
  "volume-opt": (mount, value) => {
    const [key, option] = cut(value, "=");
    const driver = volume(mount).DriverConfig ?? {};
    volume(mount).DriverConfig = { ...driver, Options: { ...driver.Options, [key]: option ?? "" } };
  },
  "image-subpath": (mount, value) => {
    mount.ImageOptions = { Subpath: value };
  },
  "tmpfs-size": (mount, value, name) => {
    try {
      tmpfs(mount).SizeBytes = parseSize(value);
    } catch {
      throw new Error(`invalid value for ${name}: ${value}`);
    }
  },
  "tmpfs-mode": (mount, value, name) => {
    if (!/^[0-7]{1,10}$/.test(value)) throw new Error(`invalid value for ${name}: ${value}`);
    tmpfs(mount).Mode = Number.parseInt(value, 8);
  },
};

const MAY_STAND_ALONE = new Set(["readonly", "ro", "volume-nocopy", "bind-nonrecursive"]);

function applyField(mount: Deep, field: string): void {
  const [rawName, given] = cut(field, "=");
  const name = rawName.toLowerCase();
  if (rawName.trim() !== rawName || rawName === "")
    throw new Error(`invalid option '${rawName}' in '${field}': option should not have whitespace`);
  if (given === undefined && !MAY_STAND_ALONE.has(name))
    throw new Error(`invalid field '${field}' must be a key=value pair`);
  const setter = Object.hasOwn(SETTERS, name) ? SETTERS[name] : undefined;
  if (setter === undefined) throw new Error(`unknown option '${rawName}' in '${field}'`);
  setter(mount, given ?? "true", name);
}

function bindRecursive(mount: Deep, value: string, name: string): void {
  const options = bind(mount);
  if (value === "disabled" || value === "false") options.NonRecursive = true;
  else if (value === "writable") options.ReadOnlyNonRecursive = true;
  else if (value === "readonly") options.ReadOnlyForceRecursive = true;
  else if (value !== "enabled" && value !== "true")
    throw new Error(`invalid value for ${name}: ${value} (must be "enabled", "disabled", "writable", or "readonly")`);
}

function check(mount: Deep): void {
  if (!mount.Type) throw new Error("type is required");
  if (!mount.Target) throw new Error("target is required");
  const wrong = (options: string, type: string) =>
    new Error(`cannot mix '${options}' options with mount type '${type}'`);
  if (mount.VolumeOptions !== undefined && mount.Type !== "volume") throw wrong("volume-*", mount.Type);
  if (mount.ImageOptions !== undefined && mount.Type !== "image") throw wrong("image-*", mount.Type);
  if (mount.BindOptions !== undefined && mount.Type !== "bind") throw wrong("bind-*", mount.Type);
  if (mount.TmpfsOptions !== undefined && mount.Type !== "tmpfs") throw wrong("tmpfs-*", mount.Type);
  checkRecursion(mount);
}

function checkRecursion(mount: Deep): void {
  const { ReadOnlyNonRecursive: nonRecursive, ReadOnlyForceRecursive: force, Propagation } = mount.BindOptions ?? {};
  if (nonRecursive === true && mount.ReadOnly !== true)
    throw new Error("option 'bind-recursive=writable' requires 'readonly' to be specified in conjunction");
  if (force !== true) return;
  if (mount.ReadOnly !== true)
    throw new Error("option 'bind-recursive=readonly' requires 'readonly' to be specified in conjunction");
  if (Propagation !== "rprivate")
    throw new Error(
      "option 'bind-recursive=readonly' requires 'bind-propagation=rprivate' to be specified in conjunction",
    );
}
