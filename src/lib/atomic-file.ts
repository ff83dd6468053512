import { randomBytes } from "node:crypto";
import { open, rename, unlink } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { BerthError } from "./errors.ts";

/** Bits that the system takes away from the mode of a new file. */
const umask = process.umask();

export interface WriteFileOptions {
  /** Survive a power cut: fsync of the file and, after the rename, of its folder. */
  durable: boolean;
  /** Permission bits, exactly (the umask does not apply); 0600 unless given. */
  mode?: number;
}

/**
 * Replaces a file as a whole: a reader, or the next start after a crash, sees the old content or the new, never a
 * part. The temporary file lies beside it, named `.<name>.<random>.tmp`, and is removed on failure.
 */
export async function writeFileAtomic(
  path: string,
  data: string | Uint8Array,
  { durable, mode = 0o600 }: WriteFileOptions,
): Promise<void> {
  const temporary = join(dirname(path), `.${basename(path)}.${randomBytes(6).toString("hex")}.tmp`);
  try {
    const file = await open(temporary, "wx", mode);
    try {
      await file.writeFile(data);
      if ((mode & umask) !== 0) await file.chmod(mode);
      if (durable) await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await unlink(temporary).catch(() => {});
    throw error;
  }
  if (durable) await syncFolder(dirname(path));
}

/** Makes the names in a folder durable: what was created, renamed or removed there survives a power cut. */
export async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, "r");
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

/**
 * A JSON document, or undefined where there is no file. Kind "corrupt" where it is not JSON, "exhausted" where it is
 * larger than `limit` bytes (16 MiB unless given). The caller checks its form.
 */
export async function readJsonFile<T>(path: string, limit = 16 * 1024 * 1024): Promise<T | undefined> {
  const text = await readText(path, limit);
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text) as T;
  } catch (error) {
    throw new BerthError("corrupt", `${path} is not valid JSON`, { cause: error });
  }
}

async function readText(path: string, limit: number): Promise<string | undefined> {
  const file = await open(path, "r").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw error;
  });
  if (file === undefined) return undefined;
  try {
    const { size } = await file.stat();
    if (size > limit) throw new BerthError("exhausted", `${path} is larger than ${limit} bytes`);
    return await file.readFile("utf8");
  } finally {
    await file.close();
  }
}
