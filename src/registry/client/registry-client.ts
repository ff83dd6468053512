import { createHash } from "node:crypto";
import type { Readable } from "node:stream";
import { BerthError, invalid, kindOf } from "../../lib/index.ts";
import type { RegistryAuth } from "../../spec/api/index.ts";
import {
  type Digest,
  digestOf,
  formatReference,
  isDigest,
  isTag,
  parseDigest,
  parseReference,
  type Reference,
} from "../../spec/index.ts";
import { checkLogin, type LoginResult } from "./check-login.ts";
import { credentialsFrom } from "./credentials.ts";
import { endpointsOf, mirrorEndpoint } from "./endpoint.ts";
import { listTags } from "./list-tags.ts";
import { type PushedBlob, pushBlob, pushManifest } from "./push.ts";
import { pullError, refusal } from "./registry-error.ts";
import { guardedBody, readBody } from "./response-body.ts";
import { firstReachable, type Session } from "./session.ts";
import { createTransport, type HttpResponse, type Timeouts, type TlsFiles, type Transport } from "./transport.ts";

export interface RegistryClientOptions {
  /** As in a reference: "docker.io", "r.example:5000". */
  domain: string;
  /** HTTP is allowed and certificates are not verified; always so for loopback addresses. */
  insecure?: boolean;
  /** Addresses that are asked before the registry, without credentials; for Docker Hub. */
  mirrors?: readonly string[];
  auth?: RegistryAuth | undefined;
  userAgent: string;
  tls?: TlsFiles;
  timeouts?: Partial<Timeouts>;
}

export interface FetchOptions {
  signal?: AbortSignal;
}

/** A repository's path and what is wanted of it: a digest before a tag, and "latest" without either. */
export interface Target {
  path: string;
  tag?: string;
  digest?: Digest;
}

export interface ResolvedManifest {
  /** What the registry calls it; where it does not say, what the document says; else "". */
  mediaType: string;
  /** Of the bytes: computed here, and equal to the digest that was asked for. */
  digest: Digest;
  bytes: Buffer;
}

export interface FetchedBlob {
  /** Bytes from `offset` on, not verified: the receiver hashes what it stores. Fails by kind "timeout" or "unavailable". */
  stream: Readable;
  /** Of the whole blob, in bytes; -1 where the registry does not say. */
  size: number;
  /** Where the stream begins: what was asked for, or 0 where the registry knows no ranges. */
  offset: number;
}

/** Reads from and writes to one registry (OCI distribution specification). Errors have Docker's texts; nothing is retried. */
export interface RegistryClient {
  resolve(target: Target, options: FetchOptions & { accept: readonly string[] }): Promise<ResolvedManifest>;
  fetchBlob(repository: string, digest: Digest, options?: FetchOptions & { offset?: number }): Promise<FetchedBlob>;
  listTags(repository: string, options?: FetchOptions): Promise<string[]>;
  /** Sends a blob unless the repository has it. Says whether it was sent. */
  pushBlob(repository: string, blob: PushedBlob, options?: FetchOptions): Promise<boolean>;
  /** Stores a manifest or an index under a tag, or under its digest; all that it names is there. */
  pushManifest(target: Target, manifest: { mediaType: string; bytes: Buffer }, options?: FetchOptions): Promise<Digest>;
  /** Tries the credentials. Rejects with kind "unauthorized" where they are wrong. */
  checkAuth(options?: FetchOptions): Promise<LoginResult>;
  /** Closes kept connections. A client that is not closed holds some until the registry closes them. */
  close(): void;
}

const manifestLimit = 4 * 1024 * 1024;

export function createRegistryClient(options: RegistryClientOptions): RegistryClient {
  const { domain, insecure = false, mirrors = [] } = options;
  const transport = createTransport(options);
  const credentials = credentialsFrom(options.auth);
  const groups = [...mirrors.map((mirror) => [mirrorEndpoint(mirror, insecure)]), endpointsOf(domain, insecure)];
  const sessions = groups.map((endpoints) => {
    let session: Promise<Session> | undefined;
    return (signal: AbortSignal | undefined) => {
      session ??= firstReachable(transport, endpoints, credentials, signal);
      session.catch(() => {
        session = undefined;
      });
      return session;
    };
  });

  /** Does the work at the first mirror that can, and at the registry itself when none could. */
  const anywhere = async <T>(signal: AbortSignal | undefined, work: (session: Session) => Promise<T>): Promise<T> => {
    for (const mirror of sessions.slice(0, -1)) {
      try {
        return await work(await mirror(signal));
      } catch (error) {
        if (kindOf(error) === "cancelled") throw error;
      }
    }
    return work(await upstream(signal));
  };
  const upstream = async (signal: AbortSignal | undefined): Promise<Session> => {
    const own = sessions.at(-1);
    if (own === undefined) throw new BerthError("internal", "a registry without endpoints");
    return own(signal);
  };

  return {
    async resolve(target, { accept, signal }) {
      const reference = checked(domain, target);
      try {
        return await anywhere(signal, (session) => fetchManifest(session, transport, reference, accept, signal));
      } catch (error) {
        throw pullError(error, reference);
      }
    },
    async fetchBlob(repository, digest, { offset = 0, signal } = {}) {
      checked(domain, { path: repository });
      parseDigest(digest);
      return anywhere(signal, (session) => fetchBlob(session, transport, { repository, digest, offset, signal }));
    },
    async listTags(repository, { signal } = {}) {
      const reference = checked(domain, { path: repository });
      try {
        return await listTags(await upstream(signal), transport, repository, signal);
      } catch (error) {
        throw pullError(error, reference);
      }
    },
    async pushBlob(repository, blob, { signal } = {}) {
      checked(domain, { path: repository });
      return pushBlob(await upstream(signal), transport, repository, blob, signal);
    },
    async pushManifest(target, manifest, { signal } = {}) {
      const { path, tag, digest } = checked(domain, target);
      return pushManifest(
        await upstream(signal),
        transport,
        { path, name: digest ?? tag ?? "latest" },
        manifest,
        signal,
      );
    },
    async checkAuth({ signal } = {}) {
      return checkLogin(await upstream(signal), transport, credentials, signal);
    },
    close: () => transport.close(),
  };
}

/** Whatever goes into an address has passed the grammar of references. */
function checked(domain: string, { path, tag, digest }: Target): Reference {
  const reference = parseReference(`${domain}/${path}`);
  if (reference.path !== path || reference.tag !== undefined)
    throw invalid(`invalid repository path ${JSON.stringify(path)}`);
  if (tag !== undefined && !isTag(tag)) throw invalid("invalid tag format");
  if (digest !== undefined) parseDigest(digest);
  return {
    domain: reference.domain,
    path,
    ...(digest === undefined ? { tag: tag ?? "latest" } : { digest, ...(tag === undefined ? {} : { tag }) }),
  };
}

async function fetchManifest(
  session: Session,
  transport: Transport,
  reference: Reference,
  accept: readonly string[],
  signal: AbortSignal | undefined,
): Promise<ResolvedManifest> {
  const { path, tag, digest } = reference;
  const response = await session.send({
    method: "GET",
    path: `v2/${path}/manifests/${digest ?? tag}`,
    headers: { accept: accept.join(", ") },
    scope: pullScope(path),
    signal,
  });
  if (response.status !== 200) throw await refusal(response, transport.timeouts.stall);
  const bytes = await readBody(response, manifestLimit, transport.timeouts.stall, "manifest");
  return { mediaType: mediaTypeOf(response, bytes), digest: verified(bytes, response, reference), bytes };
}

function verified(bytes: Buffer, { headers }: HttpResponse, reference: Reference): Digest {
  const claimed = headers["docker-content-digest"];
  const expected = reference.digest ?? (isDigest(claimed) ? claimed : undefined);
  if (expected === undefined) return digestOf(bytes);
  const { algorithm, hex } = parseDigest(expected);
  const actual = createHash(algorithm).update(bytes).digest("hex");
  if (actual !== hex)
    throw new BerthError(
      "corrupt",
      `manifest verification failed for digest ${expected} of ${formatReference(reference)}`,
    );
  return expected;
}

function mediaTypeOf({ headers }: HttpResponse, bytes: Buffer): string {
  const [type = ""] = (headers["content-type"] ?? "").split(";");
  const stated = type.trim().toLowerCase();
  if (stated !== "" && !["application/json", "text/plain", "application/octet-stream"].includes(stated)) return stated;
  try {
    const { mediaType } = JSON.parse(bytes.toString()) as { mediaType?: unknown };
    return typeof mediaType === "string" ? mediaType : "";
  } catch {
    return "";
  }
}

async function fetchBlob(
  session: Session,
  transport: Transport,
  request: { repository: string; digest: Digest; offset: number; signal: AbortSignal | undefined },
): Promise<FetchedBlob> {
  const { repository, digest, offset, signal } = request;
  const response = await session.send({
    method: "GET",
    path: `v2/${repository}/blobs/${digest}`,
    headers: offset === 0 ? {} : { range: `bytes=${offset}-` },
    scope: pullScope(repository),
    signal,
  });
  if (response.status !== 200 && response.status !== 206) throw await refusal(response, transport.timeouts.stall);
  const place = response.status === 206 ? rangeOf(response) : { offset: 0, size: lengthOf(response) };
  if (place === undefined || place.offset > offset) {
    response.body.destroy();
    throw invalid(`the registry answered with another range of ${digest} than was asked for`);
  }
  return { ...place, stream: guardedBody(response.body, transport.timeouts.stall, signal) };
}

function rangeOf({ headers }: HttpResponse): { offset: number; size: number } | undefined {
  const [, from, , total] = /^bytes (\d{1,15})-(\d{1,15})\/(\d{1,15}|\*)$/.exec(headers["content-range"] ?? "") ?? [];
  if (from === undefined) return undefined;
  return { offset: Number(from), size: total === undefined || total === "*" ? -1 : Number(total) };
}

function lengthOf({ headers }: HttpResponse): number {
  return Number(headers["content-length"] ?? -1);
}

function pullScope(path: string): string {
  return `repository:${path}:pull`;
}
