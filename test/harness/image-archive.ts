import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createTar } from "../../src/lib/tar/index.ts";
import { busyboxTar } from "./busybox.ts";
import type { Daemon } from "./daemon.ts";

export interface ArchiveImage {
  /** Uncompressed tars above busybox, the lowest first. */
  layers?: Buffer[];
  /** Members of the image config's `config`. */
  config?: object;
  /** Members of the image config itself. */
  document?: object;
}

const sha256 = (bytes: Buffer) => createHash("sha256").update(bytes).digest("hex");

/** An archive as `docker save` writes it, of busybox and what lies on top. */
export function imageArchive(name: string, { layers = [], config = {}, document = {} }: ArchiveImage): Buffer {
  const all = [readFileSync(busyboxTar()), ...layers];
  const rootfs = { type: "layers", diff_ids: all.map((layer) => `sha256:${sha256(layer)}`) };
  const text = JSON.stringify({
    os: "linux",
    architecture: process.arch === "arm64" ? "arm64" : "amd64",
    ...document,
    config: { Cmd: ["sh"], ...config },
    rootfs,
  });
  const manifest = [{ Config: "config.json", RepoTags: [name], Layers: all.map((_, index) => `${index}.tar`) }];
  return createTar([
    { name: "config.json", content: text },
    { name: "manifest.json", content: JSON.stringify(manifest) },
    ...all.map((content, index) => ({ name: `${index}.tar`, content })),
  ]);
}

/** Loads an image that has whatever the test wants in it. */
export async function loadImage(daemon: Daemon, name: string, image: ArchiveImage): Promise<void> {
  const file = join(daemon.machine.dir, `${name.replaceAll(/\W/g, "-")}.tar`);
  writeFileSync(file, imageArchive(`${name}:latest`, image));
  const done = await daemon.berth(["load", "-q", "-i", file]);
  if (done.code !== 0) throw new Error(`load of ${name}: ${done.stderr}`);
}
