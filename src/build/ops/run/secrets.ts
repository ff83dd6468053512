import { chmodSync, chownSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { invalid } from "../../../lib/index.ts";
import { codeOf, MS, mount } from "../../../system/index.ts";
import type { FileRunMount, SecretRunMount } from "./step.ts";
import type { StepPlace } from "./step-place.ts";

/** BuildKit's limit for one secret, in bytes. */
const LIMIT = 500 * 1024;

export interface SecretFiles {
  readonly binds: { source: string; target: string }[];
  /** "NAME=value". */
  readonly env: string[];
}

/**
 * Puts secrets where the step finds them: in files on a file system that is in memory only, and in variables, which the
 * runtime keeps in the exec root while the step runs.
 */
export function placeSecrets(place: StepPlace, secrets: readonly SecretRunMount[]): SecretFiles {
  const given = secrets.filter(isGiven);
  const env = given.flatMap(({ env: name, value }) =>
    name === undefined ? [] : [`${name}=${Buffer.from(value).toString("utf8")}`],
  );
  const files = given.filter(({ env: name, target }) => target !== undefined || name === undefined);
  if (files.length === 0) return { binds: [], env };
  const memory = mountMemory(place);
  const binds = files.map((secret, index) => {
    const source = join(memory, String(index));
    writeFileSync(source, secret.value, { mode: 0o400 });
    chownSync(source, secret.uid ?? 0, secret.gid ?? 0);
    chmodSync(source, secret.mode ?? 0o400);
    return { source, target: secret.target ?? `/run/secrets/${secret.id}` };
  });
  return { binds, env };
}

function isGiven(secret: SecretRunMount): secret is SecretRunMount & { value: Uint8Array } {
  if (secret.value === undefined) {
    if (secret.required) throw invalid(`secret ${secret.id}: not found`);
    return false;
  }
  if (secret.value.length > LIMIT) throw invalid(`invalid secret size ${secret.value.length} for ${secret.id}`);
  return true;
}

/** Puts a file of the build's own where the step can execute it. */
export function placeFile(
  place: StepPlace,
  { data, mode = 0o644, target }: FileRunMount,
): SecretFiles["binds"][number] {
  const source = join(mountMemory(place, MS.NOSUID | MS.NODEV), "file");
  writeFileSync(source, data, { mode: 0o600 });
  chmodSync(source, mode);
  return { source, target };
}

function mountMemory(place: StepPlace, flags: number = MS.NOSUID | MS.NODEV | MS.NOEXEC): string {
  const target = place.next("memory");
  mkdirSync(target, { mode: 0o700 });
  try {
    // Memory that is never written to a swap disk either: Linux 6.4.
    mount("tmpfs", target, "tmpfs", flags, "mode=0700,noswap");
  } catch (error) {
    if (codeOf(error) !== "EINVAL") throw error;
    mount("tmpfs", target, "tmpfs", flags, "mode=0700");
  }
  place.mounted(target);
  return target;
}
