import { parseCsv } from "../../lib/flags/index.ts";
import type { DeviceMapping, DeviceRequest } from "../../spec/api/index.ts";
import { CliError } from "../core/cli-error.ts";
import { cut } from "../core/flag.ts";

const CDI_NAME = /^[A-Za-z][A-Za-z0-9._-]*\/[A-Za-z][A-Za-z0-9_-]*=[A-Za-z0-9][A-Za-z0-9_.:-]*$/;
const isMode = (text: string) => /^(?!.*(.).*\1)[rwm]{1,3}$/.test(text);

/** `--device` values: device nodes as mappings, CDI names ("vendor.com/class=name") as one request of the cdi driver. */
export function parseDevices(specs: readonly string[]): { mappings: DeviceMapping[]; cdi: DeviceRequest | undefined } {
  const names = specs.filter((spec) => CDI_NAME.test(spec));
  const mappings = specs.filter((spec) => !CDI_NAME.test(spec)).map(parseDevice);
  return {
    mappings,
    cdi:
      names.length === 0 ? undefined : { Driver: "cdi", Count: 0, DeviceIDs: names, Capabilities: null, Options: null },
  };
}

function parseDevice(spec: string): DeviceMapping {
  const parts = spec.split(":");
  const [source = "", second, third] = parts;
  if (parts.length > 3 || source === "") throw new CliError(`bad format for path: ${spec}`);
  if (!source.startsWith("/")) throw new CliError(`${source} is not an absolute path`);
  if (third !== undefined && !isMode(third)) throw new CliError(`bad mode specified: ${third}`);
  const mode = third ?? (second !== undefined && isMode(second) ? second : "rwm");
  const target = second === undefined || second === "" || (third === undefined && isMode(second)) ? source : second;
  if (!target.startsWith("/")) throw new CliError(`${target} is not an absolute path`);
  return { PathOnHost: source, PathInContainer: target, CgroupPermissions: mode };
}

/** One `--gpus`: "all", a count, or "device=0,driver=nvidia,capabilities=…". */
export function parseGpus(text: string): DeviceRequest {
  const request = {
    Driver: "",
    Count: 0,
    DeviceIDs: null as string[] | null,
    Capabilities: [["gpu"]],
    Options: {} as Record<string, string>,
  };
  let counted = false;
  const seen = new Set<string>();
  for (const field of parseCsv(text)) {
    const [name, value] = cut(field, "=");
    if (seen.has(name)) throw new Error(`gpu request key '${name}' can be specified only once`);
    seen.add(name);
    if (value === undefined) {
      seen.add("count");
      request.Count = gpuCount(name);
      counted = true;
    } else if (name === "driver") request.Driver = value;
    else if (name === "count") {
      request.Count = gpuCount(value);
      counted = true;
    } else if (name === "device") request.DeviceIDs = value.split(",");
    else if (name === "capabilities") request.Capabilities = [[...value.split(","), "gpu"]];
    else if (name === "options") for (const option of parseCsv(value)) addOption(request.Options, option);
    else throw new Error(`unexpected key '${name}' in '${field}'`);
  }
  if (!counted && request.DeviceIDs === null) request.Count = 1;
  return request;
}

function addOption(options: Record<string, string>, text: string): void {
  const [name, value] = cut(text, "=");
  options[name] = value ?? "";
}

function gpuCount(text: string): number {
  if (text === "all") return -1;
  if (!/^-?\d{1,9}$/.test(text))
    throw new Error(
      `invalid count (${text}): value must be either "all" or an integer: strconv.Atoi: parsing ${JSON.stringify(text)}: invalid syntax`,
    );
  return Number(text);
}
