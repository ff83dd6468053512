import { parseSize } from "../../lib/index.ts";
import { csvFields } from "./csv-fields.ts";
import { Complaint } from "./dockerfile-error.ts";
import type { MountSharing, MountType, RunDevice, RunMount } from "./instruction.ts";
import { didYouMean } from "./nearest-name.ts";
import { parseBool } from "./parse-bool.ts";

const TYPES: readonly MountType[] = ["bind", "cache", "tmpfs", "secret", "ssh"];
const SHARING: readonly MountSharing[] = ["shared", "private", "locked"];
const KEYS = [
  ...["type", "from", "source", "target", "readonly", "id", "sharing", "required", "size", "mode", "uid", "gid"],
  ...["src", "dst", "destination", "ro", "rw", "readwrite", "env"],
];

/** The mount while its fields are read; `readOnly` undefined follows the type. */
interface Draft {
  type: MountType;
  readOnly: boolean | undefined;
  required: boolean;
  from?: string;
  source?: string;
  target?: string;
  size?: number;
  id?: string;
  sharing?: MountSharing;
  env?: string;
  mode?: number;
  uid?: number;
  gid?: number;
}

/** Refuses at parse time what can never be right: broken CSV and a variable in `from`. Throws Complaint. */
export function checkMountFlag(flag: string): void {
  for (const field of csvFields(flag, "mounts")) {
    const [key, value = ""] = cut(field);
    const dollar = value.indexOf("$");
    if (key === "from" && dollar >= 0 && dollar !== value.length - 1)
      throw new Complaint("'from' doesn't support variable expansion, define alias stage instead", { near: field });
  }
}

/** Reads `--mount=…` with variables expanded by `expand`. Throws Complaint in BuildKit's words. */
export function parseMount(flag: string, expand: (word: string) => string): RunMount {
  const draft: Draft = { type: "bind", readOnly: undefined, required: false };
  for (const field of csvFields(flag, "mounts")) {
    const [key, value] = cut(field);
    if (value === undefined) setSwitch(draft, key, field);
    else setValue(draft, key, expand(value), field);
  }
  checkDraft(draft);
  const { type, readOnly, required } = draft;
  return {
    type,
    from: some(draft.from),
    source: some(draft.source),
    target: some(draft.target),
    readOnly: readOnly ?? (type !== "cache" && type !== "tmpfs"),
    size: draft.size,
    id: some(draft.id),
    sharing: draft.sharing,
    required,
    env: draft.env,
    mode: draft.mode,
    uid: draft.uid,
    gid: draft.gid,
  };
}

const some = (text: string | undefined) => (text === "" ? undefined : text);

function cut(field: string): [key: string, value: string | undefined] {
  const equals = field.indexOf("=");
  return equals < 0
    ? [field.toLowerCase(), undefined]
    : [field.slice(0, equals).toLowerCase(), field.slice(equals + 1)];
}

function setSwitch(draft: Draft, key: string, field: string): void {
  if (key === "readonly" || key === "ro") draft.readOnly = true;
  else if (key === "readwrite" || key === "rw") draft.readOnly = false;
  else if (key === "required") setRequired(draft, true);
  else throw new Complaint(`invalid field '${field}' must be a key=value pair`, { near: field });
}

function setRequired(draft: Draft, value: boolean): void {
  if (draft.type !== "secret" && draft.type !== "ssh") throw unexpected("required", draft.type);
  draft.required = value;
}

const unexpected = (key: string, type: MountType) => new Complaint(`unexpected key '${key}' for mount type '${type}'`);

function setValue(draft: Draft, key: string, value: string, field: string): void {
  switch (key) {
    case "type":
      draft.type = oneOf(value, TYPES, "mount type");
      return;
    case "from":
    case "id":
    case "env":
      draft[key] = value;
      return;
    case "source":
    case "src":
      draft.source = value;
      return;
    case "target":
    case "dst":
    case "destination":
      draft.target = value;
      return;
    case "readonly":
    case "ro":
      draft.readOnly = boolOf(key, value);
      return;
    case "readwrite":
    case "rw":
      draft.readOnly = !boolOf(key, value);
      return;
    case "required":
      setRequired(draft, boolOf(key, value));
      return;
    case "size":
      if (draft.type !== "tmpfs") throw unexpected(key, draft.type);
      draft.size = sizeOf(value);
      return;
    case "sharing":
      draft.sharing = oneOf(value, SHARING, "sharing value");
      return;
    case "mode":
    case "uid":
    case "gid":
      draft[key] = numberOf(key, value);
      return;
    default:
      throw new Complaint(`unexpected key '${key}' in '${field}'${didYouMean(key, KEYS)}`, {
        near: field,
        hint: `expected one of ${KEYS.join(", ")}`,
      });
  }
}

function oneOf<T extends string>(value: string, choices: readonly T[], what: string): T {
  const found = choices.find((choice) => choice === value.toLowerCase());
  if (found !== undefined) return found;
  throw new Complaint(`unsupported ${what} ${JSON.stringify(value)}${didYouMean(value, choices)}`, {
    near: value,
    hint: `expected one of ${choices.join(", ")}`,
  });
}

function boolOf(key: string, value: string): boolean {
  const parsed = parseBool(value);
  if (parsed === undefined) throw new Complaint(`invalid value for ${key}: ${value}`, { near: value });
  return parsed;
}

function sizeOf(value: string): number {
  try {
    return parseSize(value);
  } catch {
    throw new Complaint(`invalid value for size: ${value}`, { near: value });
  }
}

function numberOf(key: "mode" | "uid" | "gid", value: string): number {
  const base = key === "mode" ? 8 : 10;
  const number = (base === 8 ? /^[0-7]{1,12}$/ : /^[0-9]{1,10}$/).test(value)
    ? Number.parseInt(value, base)
    : Number.NaN;
  if (!(number <= 0xffff_ffff)) throw new Complaint(`invalid value ${value} for ${key}`, { near: value });
  return number;
}

function checkDraft(draft: Draft): void {
  if (draft.type === "bind" || draft.type === "tmpfs")
    for (const key of ["mode", "uid", "gid"] as const)
      if (draft[key] !== undefined) throw new Complaint(`${key} not allowed for "${draft.type}" type mounts`);
  if (draft.type === "secret") checkSecret(draft);
  if (draft.sharing !== undefined && draft.type !== "cache")
    throw new Complaint(`invalid cache sharing set for ${draft.type} mount`);
}

function checkSecret({ from, sharing, source, target, id }: Draft): void {
  if (some(from) !== undefined) throw new Complaint("secret mount should not have a from");
  if (sharing !== undefined) throw new Complaint("secret mount should not define sharing");
  if (!source && !target && !id) throw new Complaint("invalid secret mount. one of source, target required");
  if (source && id) throw new Complaint("both source and id can't be set");
}

/** Reads `--device=NAME[,required]`. Throws Complaint. */
export function parseDevice(flag: string): RunDevice {
  let name = "";
  let required = false;
  for (const field of csvFields(flag, "devices")) {
    const [key, value] = cut(field);
    if (key === "required") required = value === undefined ? true : boolOf(key, value);
    else if (key === "name" && value !== undefined) {
      if (name !== "") throw new Complaint(`device name already set to ${name}`);
      name = value;
    } else if (name === "") name = field;
    else if (value === undefined) throw new Complaint(`invalid field '${field}' must be a key=value pair`);
    else throw new Complaint(`unexpected key '${key}' in '${field}'${didYouMean(key, ["name", "required"])}`);
  }
  return { name, required };
}
