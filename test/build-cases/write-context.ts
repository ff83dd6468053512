import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { createTar } from "../../src/lib/tar/index.ts";
import type { BuildCase } from "./cases.ts";

/** Writes a case's Dockerfile and files to a folder. A file whose text is "TAR" becomes a small archive. */
export function writeContext(folder: string, { dockerfile, files = {} }: BuildCase): void {
  mkdirSync(folder, { recursive: true });
  chmodSync(folder, 0o755);
  writeFileSync(join(folder, "Dockerfile"), dockerfile);
  for (const [path, file] of Object.entries(files)) {
    const place = join(folder, path);
    const { text = "", mode = 0o644, link, directory } = typeof file === "string" ? { text: file } : file;
    mkdirSync(directory ? place : dirname(place), { recursive: true });
    if (link !== undefined) symlinkSync(link, place);
    else if (!directory) {
      writeFileSync(place, text === "TAR" ? archive() : text);
      chmodSync(place, mode);
    }
  }
}

const archive = () =>
  createTar([
    { name: "in/", type: "directory", mode: 0o750, uid: 33, gid: 50 },
    { name: "in/file", content: "packed\n", mode: 0o4755, uid: 33, gid: 50 },
    { name: "in/link", type: "symlink", linkName: "file" },
    { name: "in/hard", type: "hardlink", linkName: "in/file", mode: 0o4755, uid: 33, gid: 50 },
  ]);
