import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { OciSpec } from "../spec/index.ts";

/** crun's annotation for a filter that is compiled already: base64 of what seccomp(2) takes. */
const annotation = "run.oci.seccomp_bpf_data";
const compiledFile = "seccomp.bpf";
/** Bytes of one instruction. */
const instruction = 8;
/** Different profiles that are remembered; a host has one or two. */
const limit = 32;

/**
 * System call filters as crun compiled them, which takes it 7 ms of each start with Docker's default profile. The first
 * container with a profile has it compiled, and those after it get the very same bytes. The profile stays in the document:
 * a runtime that knows nothing of the annotation compiles it again. In memory only, so that a filter is as old as the
 * daemon at most.
 */
export interface Filters {
  /** The document with what is known of its filter. */
  addTo(spec: OciSpec): OciSpec;
  /** Remembers what crun has made of a document; `folder` is its state folder. */
  learn(spec: OciSpec, folder: string): void;
}

export function createFilters(): Filters {
  const known = new Map<string, string>();
  return {
    addTo(spec) {
      const compiled = known.get(keyOf(spec) ?? "");
      return compiled === undefined ? spec : { ...spec, annotations: { ...spec.annotations, [annotation]: compiled } };
    },
    learn(spec, folder) {
      const key = keyOf(spec);
      if (key === undefined || known.has(key) || known.size >= limit) return;
      const compiled = readCompiled(folder);
      if (compiled !== undefined) known.set(key, compiled);
    },
  };
}

/** What the filter is compiled from. undefined: there is none, or the user has a say in how it is made. */
function keyOf({ linux: { seccomp }, annotations = {} }: OciSpec): string | undefined {
  if (seccomp === undefined || seccomp.listenerPath !== undefined) return undefined;
  if (Object.keys(annotations).some((name) => name.startsWith("run.oci."))) return undefined;
  return JSON.stringify(seccomp);
}

function readCompiled(folder: string): string | undefined {
  try {
    const bytes = readFileSync(join(folder, compiledFile));
    return bytes.length > 0 && bytes.length % instruction === 0 ? bytes.toString("base64") : undefined;
  } catch {
    return undefined; // it has ended, or the runtime keeps it elsewhere
  }
}
