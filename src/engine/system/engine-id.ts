import { randomUUID } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { writeFileAtomic } from "../../lib/index.ts";

/** The engine's id: made once for a data root, kept in `engine-id`. */
export async function engineId(dataRoot: string): Promise<string> {
  const path = join(dataRoot, "engine-id");
  const known = (await readFile(path, "utf8").catch(() => "")).trim();
  if (known !== "") return known;
  const id = randomUUID();
  await writeFileAtomic(path, `${id}\n`, { durable: true });
  return id;
}
