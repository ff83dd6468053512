import { mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { Readable } from "node:stream";
import type { JSONMessage } from "../../../spec/api/index.ts";
import { openBlobStore, openImageStore } from "../../../store/index.ts";
import { openLayerStore } from "../../../store/layers/index.ts";
import { createTrees } from "../../../store/trees/index.ts";
import { createImages, type ImageService } from "../create-images.ts";
import type { ImageRegistry, ImagesDeps, ImageUser } from "../images-context.ts";

/** Images over real stores in a folder of their own. */
export interface TestImages extends AsyncDisposable {
  root: string;
  images: ImageService;
  deps: ImagesDeps;
  events: string[];
  /** By image id. */
  users: Map<string, ImageUser[]>;
  warnings: string[];
  close(): Promise<void>;
  /** The same data root, opened again as after a restart. */
  reopen(): Promise<TestImages>;
}

export async function testImages(
  options: { registry?: (domain: string) => ImageRegistry; root?: string } = {},
): Promise<TestImages> {
  const root = options.root ?? mkdtempSync("/dev/shm/berth-engine-images-");
  const events: string[] = [];
  const warnings: string[] = [];
  const users = new Map<string, ImageUser[]>();
  const trees = createTrees();
  const blobs = await openBlobStore(root);
  const layers = await openLayerStore({ folder: join(root, "layers"), trees });
  const deps: ImagesDeps = {
    store: await openImageStore(root, (message) => warnings.push(message)),
    blobs,
    layers,
    trees,
    registry:
      options.registry ??
      (() => {
        throw new Error("no registry in this test");
      }),
    usersOf: (id) => users.get(id) ?? [],
    emit: (_type, action, id, attributes) => events.push(`${action} ${id.slice(0, 19)} ${attributes.name ?? ""}`),
    version: "28.0.0-test",
    retryDelay: 0,
    warn: (message) => warnings.push(message),
  };
  const close = async (): Promise<void> => {
    await layers.close();
    await trees.close();
    await blobs.close();
  };
  return {
    root,
    images: createImages(deps),
    deps,
    events,
    users,
    warnings,
    close,
    async reopen() {
      await close();
      return testImages({ ...options, root });
    },
    async [Symbol.asyncDispose]() {
      await close();
      rmSync(root, { recursive: true, force: true });
    },
  };
}

/** Runs an operation and gives the messages that it sent. */
export async function messagesOf(
  run: (progress: (message: JSONMessage) => void) => Promise<void>,
): Promise<JSONMessage[]> {
  const messages: JSONMessage[] = [];
  await run((message) => messages.push(message));
  return messages;
}

export const streamOf = (bytes: Buffer): Readable =>
  Readable.from(
    (function* () {
      for (let at = 0; at < bytes.length; at += 60_001) yield bytes.subarray(at, at + 60_001);
    })(),
  );

export async function readAllOf(stream: AsyncIterable<Buffer>): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks);
}
