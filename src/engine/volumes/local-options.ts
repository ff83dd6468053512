import { invalid } from "../../lib/index.ts";
import type { StringMap } from "../../spec/api/index.ts";
import { MS } from "../../system/index.ts";

/** A volume of the local driver whose data is another file system: mount(8)'s type, device and options. */
export interface LocalMount {
  type: string;
  device: string;
  flags: number;
  data: string;
}

const flags: Record<string, number> = {
  ro: MS.RDONLY,
  nosuid: MS.NOSUID,
  nodev: MS.NODEV,
  noexec: MS.NOEXEC,
  bind: MS.BIND,
  rbind: MS.BIND | MS.REC,
};
const ignored = new Set(["rw", "defaults", "suid", "dev", "exec", ""]);

/** Driver options "type", "device" and "o"; undefined for a plain folder. Throws "invalid" with Docker's texts. */
export function parseLocalOptions(name: string, options: StringMap | null): LocalMount | undefined {
  const { type = "", device = "", o = "", ...rest } = options ?? {};
  for (const key of Object.keys(rest)) throw invalid(`create ${name}: invalid option: ${JSON.stringify(key)}`);
  if (type === "" && device === "" && o === "") return undefined;
  if (device === "") throw invalid(`create ${name}: missing required option: "device"`);
  if (type === "" && !/(^|,)r?bind(,|$)/.test(o)) throw invalid(`create ${name}: missing type in volume options`);
  let bits = 0;
  const data: string[] = [];
  for (const word of o.split(",")) {
    const flag = flags[word];
    if (flag !== undefined) bits |= flag;
    else if (!ignored.has(word)) data.push(word);
  }
  return { type, device, flags: bits, data: data.join(",") };
}
