import { invalid } from "../../../lib/index.ts";

/** What the mode words of a volume specification ("ro,z,nocopy,rslave") mean. */
export interface MountMode {
  readWrite: boolean;
  propagation: string | undefined;
  /** undefined where no word says so. */
  noCopy: boolean | undefined;
}

const groups = {
  access: new Set(["rw", "ro"]),
  label: new Set(["z", "Z"]),
  propagation: new Set(["private", "rprivate", "slave", "rslave", "shared", "rshared"]),
  copy: new Set(["nocopy"]),
  consistency: new Set(["consistent", "cached", "delegated"]),
};

export const isPropagation = (word: string): boolean => groups.propagation.has(word);

/** Whether every word is known and no two say the same thing. An empty mode is one. */
export function isMountMode(mode: string): boolean {
  if (mode === "") return true;
  const seen = new Set<string>();
  for (const word of mode.split(",")) {
    const group = Object.entries(groups).find(([, words]) => words.has(word))?.[0];
    if (group === undefined || seen.has(group)) return false;
    seen.add(group);
  }
  return true;
}

/** Throws "invalid" with Docker's text. */
export function parseMountMode(mode: string): MountMode {
  if (!isMountMode(mode)) throw invalid(`invalid mode: ${mode}`);
  const words = mode.split(",");
  return {
    readWrite: !words.includes("ro"),
    propagation: words.find(isPropagation),
    noCopy: words.includes("nocopy") ? true : undefined,
  };
}
