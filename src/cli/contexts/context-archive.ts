import { readFileSync } from "node:fs";
import { createTar, readTar } from "../../lib/tar/index.ts";
import { CliError } from "../core/cli-error.ts";
import { type ContextMeta, parseMeta, type TlsMaterial } from "./context-store.ts";

const LARGEST = 10 * 1024 * 1024;
const TLS_FILES = ["ca.pem", "cert.pem", "key.pem"];

/** A context as `context export` writes it: meta.json and the endpoint's files, the same bytes each time. */
export function packContext(meta: ContextMeta, tls: TlsMaterial): Buffer {
  const folder = (name: string) => ({ type: "directory", name: Buffer.from(name), mode: 0o700 }) as const;
  const file = (name: string, mode: number, content: Buffer | string) =>
    ({ type: "file", name: Buffer.from(name), mode, content }) as const;
  return createTar([
    file("meta.json", 0o644, JSON.stringify(meta)),
    folder("tls"),
    ...(tls.size === 0 ? [] : [folder("tls/docker")]),
    ...[...tls].map(([name, content]) => file(`tls/docker/${name}`, 0o600, content)),
  ]);
}

/**
 * Reads what `context export` wrote, Docker's too. Only the members that a context has are taken, whatever else is in it;
 * throws CliError for more than 10 MiB, for zip files, and for what holds no context.
 */
export async function unpackContext(bytes: Buffer): Promise<{ meta: ContextMeta; tls: TlsMaterial }> {
  if (bytes.length > LARGEST) throw new CliError(`cannot import a context larger than ${LARGEST} bytes`);
  if (bytes.toString("latin1", 0, 4) === "PK\x03\x04")
    throw new CliError("zip files cannot be imported: export the context as a tar");
  let meta: ContextMeta | undefined;
  const tls = new Map<string, Buffer>();
  for await (const member of readTar(once(bytes))) {
    if (member.entry.type !== "file") continue;
    const name = member.entry.name.toString().replace(/^\.\//, "");
    const content = await collect(member.content());
    if (name === "meta.json") meta = parseMeta(content.toString());
    const file = /^tls\/docker\/([^/]+)$/.exec(name)?.[1];
    if (file !== undefined && TLS_FILES.includes(file)) tls.set(file, content);
  }
  if (meta === undefined) throw new CliError("invalid context: no metadata found");
  return { meta, tls };
}

/** The file, or standard input for "-". */
export function readArchive(path: string): Buffer {
  try {
    return readFileSync(path === "-" ? 0 : path);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw new CliError(code === "ENOENT" ? `open ${path}: no such file or directory` : message);
  }
}

async function* once(bytes: Buffer): AsyncGenerator<Buffer> {
  yield bytes;
}

async function collect(chunks: AsyncIterable<Buffer>): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const chunk of chunks) parts.push(chunk);
  return Buffer.concat(parts);
}
