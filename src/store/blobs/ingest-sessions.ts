import { createHash, type Hash } from "node:crypto";
import * as fs from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { BerthError, syncFolder } from "../../lib/index.ts";
import { ZstdEncoder } from "../../system/index.ts";
import type { IngestRequest, IngestValue, OpenRequest } from "./messages.ts";

const fdatasync = promisify(fs.fdatasync);

/** Bytes after which the disk is asked to begin writing, so that the final sync is short. */
const syncStep = 32 * 1024 * 1024;
const rehashChunk = 1024 * 1024;

interface Session {
  readonly path: string;
  readonly fd: number;
  readonly hash: Hash;
  readonly limit: number;
  readonly encoder: ZstdEncoder | undefined;
  size: number;
  unsynced: number;
  syncing: Promise<void> | undefined;
}

/**
 * The worker's side of ingest: files that are written, hashed and synced. Writes are synchronous (this is the worker's
 * only work and keeps a session's chunks in order); syncs are not, so that one blob's sync does not hold up another.
 */
export function createSessions(): { handle(request: IngestRequest): Promise<IngestValue> } {
  const sessions = new Map<number, Session>();
  const of = (id: number): Session => {
    const session = sessions.get(id);
    if (session === undefined) throw new BerthError("internal", "blob ingest: unknown session");
    return session;
  };
  const close = (id: number): void => {
    const session = sessions.get(id);
    sessions.delete(id);
    if (session === undefined) return;
    session.encoder?.close();
    fs.closeSync(session.fd);
  };
  return {
    async handle(request) {
      switch (request.op) {
        case "open": {
          const session = openSession(request);
          sessions.set(request.session, session);
          return { size: session.size };
        }
        case "write":
          return take(of(request.session), Buffer.from(request.chunk.buffer, 0, request.size));
        case "finish": {
          const session = of(request.session);
          try {
            return await finish(session, request.folder, request.expected);
          } finally {
            close(request.session);
          }
        }
        case "drop": {
          const session = sessions.get(request.session);
          await session?.syncing;
          close(request.session);
          if (session !== undefined && !request.keep) fs.rmSync(session.path, { force: true });
          return { size: 0 };
        }
      }
    },
  };
}

function openSession(request: OpenRequest): Session {
  const flags = fs.constants.O_RDWR | fs.constants.O_CREAT | fs.constants.O_NOFOLLOW;
  const fd = fs.openSync(request.path, request.resume ? flags : flags | fs.constants.O_TRUNC, 0o600);
  const hash = createHash("sha256");
  try {
    const size = request.resume ? rehash(fd, hash, request.limit) : 0;
    const encoder = request.pack ? new ZstdEncoder({ level: 1 }) : undefined;
    return { path: request.path, fd, hash, limit: request.limit, encoder, size, unsynced: 0, syncing: undefined };
  } catch (error) {
    fs.closeSync(fd);
    throw error;
  }
}

/** Hashes what the file holds. A file longer than the blob may be cannot be the beginning of it: it is emptied. */
function rehash(fd: number, hash: Hash, limit: number): number {
  const size = fs.fstatSync(fd).size;
  if (size > limit) {
    fs.ftruncateSync(fd, 0);
    return 0;
  }
  const chunk = Buffer.allocUnsafe(Math.min(rehashChunk, Math.max(size, 1)));
  let offset = 0;
  while (offset < size) {
    const count = fs.readSync(fd, chunk, 0, chunk.length, offset);
    if (count === 0) break;
    hash.update(chunk.subarray(0, count));
    offset += count;
  }
  return offset;
}

function take(session: Session, chunk: Buffer): IngestValue {
  if (session.encoder === undefined) append(session, chunk);
  else for (const packed of session.encoder.push(chunk)) append(session, packed);
  return { size: session.size };
}

function append(session: Session, chunk: Uint8Array): void {
  if (session.size + chunk.length > session.limit)
    throw new BerthError("exhausted", `blob is larger than the ${session.limit} bytes allowed for it`);
  let done = 0;
  while (done < chunk.length) done += fs.writeSync(session.fd, chunk, done, chunk.length - done, session.size + done);
  session.hash.update(chunk);
  session.size += chunk.length;
  session.unsynced += chunk.length;
  if (session.unsynced >= syncStep && session.syncing === undefined) beginSync(session);
}

function beginSync(session: Session): void {
  session.unsynced = 0;
  session.syncing = fdatasync(session.fd)
    .catch(() => {}) // the last sync decides
    .then(() => {
      session.syncing = undefined;
    });
}

async function finish(session: Session, folder: string, expected: string | undefined): Promise<IngestValue> {
  for (const packed of session.encoder?.end() ?? []) append(session, packed);
  await session.syncing;
  const hex = session.hash.digest("hex");
  if (expected !== undefined && expected !== hex) {
    fs.rmSync(session.path, { force: true });
    throw new BerthError("corrupt", `filesystem layer verification failed for digest sha256:${expected}`);
  }
  await fdatasync(session.fd);
  fs.renameSync(session.path, join(folder, hex));
  await syncFolder(folder);
  return { size: session.size, hex };
}
