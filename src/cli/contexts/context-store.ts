import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { CliError } from "../core/cli-error.ts";

/** What `contexts/meta/<sha256 of the name>/meta.json` holds, as Docker's command line writes it. */
export interface ContextMeta {
  Name: string;
  Metadata: { Description?: string; [key: string]: unknown };
  Endpoints: { docker?: DockerEndpoint; [key: string]: unknown };
}

export interface DockerEndpoint {
  Host?: string;
  SkipTLSVerify: boolean;
}

/** Files of an endpoint by name: ca.pem, cert.pem, key.pem. */
export type TlsMaterial = ReadonlyMap<string, Buffer>;

const NAME = /^[a-zA-Z0-9][a-zA-Z0-9_.+-]+$/;
const FILES = ["ca.pem", "cert.pem", "key.pem"];

/** Refuses a name that no context can have, in Docker's words. */
export function checkContextName(name: string): void {
  if (name === "") throw new CliError("context name cannot be empty");
  if (name === "default") throw new CliError(`"default" is a reserved context name`);
  if (!NAME.test(name)) {
    throw new CliError(
      `context name ${JSON.stringify(name)} is invalid, names are validated against regexp "${NAME.source}"`,
    );
  }
}

/** The contexts of a configuration folder, in the files of Docker's command line. Writes are atomic, each by itself. */
export class ContextStore {
  readonly #folder: string;

  constructor(configFolder: string) {
    this.#folder = join(configFolder, "contexts");
  }

  metaFolder(name: string): string {
    return join(this.#folder, "meta", idOf(name));
  }

  tlsFolder(name: string): string {
    return join(this.#folder, "tls", idOf(name));
  }

  has(name: string): boolean {
    return existsSync(join(this.metaFolder(name), "meta.json"));
  }

  /** By name. What is no context of Docker's is left out. */
  list(): ContextMeta[] {
    const folder = join(this.#folder, "meta");
    const names = existsSync(folder) ? readdirSync(folder) : [];
    return names
      .map((name) => join(folder, name, "meta.json"))
      .filter((path) => existsSync(path))
      .map((path) => parseMeta(readFileSync(path, "utf8")))
      .sort((a, b) => (a.Name < b.Name ? -1 : 1));
  }

  read(name: string): ContextMeta {
    const path = join(this.metaFolder(name), "meta.json");
    if (!existsSync(path)) {
      throw new CliError(`context ${JSON.stringify(name)}: context not found: open ${path}: no such file or directory`);
    }
    return parseMeta(readFileSync(path, "utf8"));
  }

  tls(name: string): TlsMaterial {
    const folder = join(this.tlsFolder(name), "docker");
    return new Map(
      FILES.filter((file) => existsSync(join(folder, file))).map((file) => [file, readFileSync(join(folder, file))]),
    );
  }

  /** Keeps the endpoint's files where none are given. */
  write(meta: ContextMeta, tls?: TlsMaterial): void {
    if (tls !== undefined) this.#writeTls(meta.Name, tls);
    const folder = this.metaFolder(meta.Name);
    mkdirSync(folder, { recursive: true, mode: 0o755 });
    const partial = join(folder, `.meta.json${process.pid}`);
    writeFileSync(partial, JSON.stringify(meta), { mode: 0o644 });
    renameSync(partial, join(folder, "meta.json"));
  }

  #writeTls(name: string, tls: TlsMaterial): void {
    rmSync(this.tlsFolder(name), { recursive: true, force: true });
    if (tls.size === 0) return;
    const folder = join(this.tlsFolder(name), "docker");
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    for (const [file, content] of tls) writeFileSync(join(folder, file), content, { mode: 0o600 });
  }

  remove(name: string): void {
    rmSync(this.metaFolder(name), { recursive: true, force: true });
    rmSync(this.tlsFolder(name), { recursive: true, force: true });
  }
}

const idOf = (name: string) => createHash("sha256").update(name).digest("hex");

/** Reads a context's description. Throws CliError for what is none. */
export function parseMeta(text: string): ContextMeta {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new CliError("invalid context: meta.json is no JSON");
  }
  const { Name, Metadata, Endpoints } = (value ?? {}) as Partial<ContextMeta>;
  if (typeof Name !== "string" || typeof (Endpoints ?? {}) !== "object" || typeof (Metadata ?? {}) !== "object")
    throw new CliError("invalid context: meta.json has no name or no endpoints");
  return { Name, Metadata: Metadata ?? {}, Endpoints: Endpoints ?? {} };
}
