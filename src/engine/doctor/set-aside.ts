import { rename } from "node:fs/promises";
import { basename, join } from "node:path";
import { makeFolders, randomHex, syncFolder } from "../../lib/index.ts";

/** Moves a file or folder to `broken/` in the data root, where nothing reads it and nothing deletes it. */
export async function setAside(dataRoot: string, path: string): Promise<string> {
  const folder = join(dataRoot, "broken");
  await makeFolders(folder, 0o700);
  const target = join(folder, `${basename(path)}.${randomHex(4)}`);
  await rename(path, target);
  await syncFolder(folder);
  return target;
}
