import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { readTar, type TarEntry } from "../../src/lib/tar/index.ts";

/** What is compared of one file: everything but its times. */
export interface FileFacts {
  type: string;
  mode: string;
  owner: string;
  /** Digest of a file's content, target of a link, numbers of a device. */
  content: string;
  xattrs: Record<string, string>;
}

/** What is compared of an image. */
export interface ImageFacts {
  files: Record<string, FileFacts>;
  config: unknown;
  /** What each step wrote of itself, and whether it made a layer. */
  history: { by: string; empty: boolean }[];
  platform: string;
}

interface Document {
  config?: Record<string, unknown>;
  history?: { created_by?: string; empty_layer?: boolean; comment?: string }[];
  os?: string;
  architecture?: string;
}

/** Reads an archive of `save`: the layers laid over each other, and the image's own document. */
export async function imageFacts(path: string): Promise<ImageFacts> {
  const members = new Map<string, Buffer>();
  for await (const { entry, content } of readTar(createReadStream(path) as AsyncIterable<Buffer>)) {
    const chunks: Buffer[] = [];
    for await (const chunk of content()) chunks.push(chunk);
    if (entry.type === "file") members.set(entry.name.toString(), Buffer.concat(chunks));
    else if (entry.type === "symlink")
      members.set(entry.name.toString(), Buffer.from(`\0${entry.linkName.toString()}`));
  }
  const read = (name: string) => members.get(name) ?? Buffer.alloc(0);
  const [manifest] = JSON.parse(read("manifest.json").toString()) as { Config: string; Layers: string[] }[];
  if (manifest === undefined) throw new Error("the archive has no image");
  const files = new Map<string, FileFacts>();
  for (const layer of manifest.Layers) await layOver(files, read(layer));
  const document = JSON.parse(read(manifest.Config).toString()) as Document;
  return {
    files: Object.fromEntries([...files].sort(([a], [b]) => (a < b ? -1 : 1))),
    config: withoutEmpty(document.config ?? {}),
    history: (document.history ?? []).map(({ created_by = "", empty_layer = false }) => ({
      by: created_by,
      empty: empty_layer,
    })),
    platform: `${document.os}/${document.architecture}`,
  };
}

async function layOver(files: Map<string, FileFacts>, layer: Buffer): Promise<void> {
  const inodes = new Map<string, FileFacts>();
  for await (const { entry, content } of readTar(once(layer))) {
    const path = entry.name
      .toString("latin1")
      .replace(/^\.?\/+/, "")
      .replace(/\/+$/, "");
    if (path === "" || path === ".") continue;
    const slash = path.lastIndexOf("/") + 1;
    const name = path.slice(slash);
    if (name === ".wh..wh..opq") removeBelow(files, path.slice(0, slash));
    else if (name.startsWith(".wh.")) remove(files, path.slice(0, slash) + name.slice(4));
    else {
      const hash = createHash("sha256");
      for await (const chunk of content()) hash.update(chunk);
      const old = files.get(path);
      if (old !== undefined && (old.type !== "directory" || entry.type !== "directory")) remove(files, path);
      const linked = entry.linkName.toString("latin1").replace(/^\.?\/+/, "");
      const facts =
        entry.type === "hardlink" ? (inodes.get(linked) ?? files.get(linked)) : factsOf(entry, hash.digest("hex"));
      if (facts === undefined) throw new Error(`hard link to nothing: ${path}`);
      inodes.set(path, facts);
      files.set(path, facts);
    }
  }
}

function factsOf(entry: TarEntry, digest: string): FileFacts {
  const content = {
    file: digest,
    symlink: entry.linkName.toString("latin1"),
    character: `${entry.major}:${entry.minor}`,
    block: `${entry.major}:${entry.minor}`,
    hardlink: "",
    directory: "",
    fifo: "",
  }[entry.type];
  return {
    type: entry.type,
    mode: entry.type === "symlink" ? "777" : entry.mode.toString(8),
    owner: `${entry.uid}:${entry.gid}`,
    content,
    xattrs: Object.fromEntries([...entry.xattrs].map(([name, value]) => [name, value.toString("hex")])),
  };
}

function removeBelow(files: Map<string, FileFacts>, prefix: string): void {
  for (const path of [...files.keys()]) if (path.startsWith(prefix) && path !== prefix) files.delete(path);
}

function remove(files: Map<string, FileFacts>, path: string): void {
  files.delete(path);
  removeBelow(files, `${path}/`);
}

async function* once(bytes: Buffer): AsyncGenerator<Buffer> {
  yield bytes;
}

/** Members that say nothing: null, "", false, 0 and empty lists. */
function withoutEmpty(value: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, each]) => each !== null && each !== "" && each !== false && each !== 0)
      .filter(([, each]) => !Array.isArray(each) || each.length > 0)
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  );
}
