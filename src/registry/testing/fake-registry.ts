import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo } from "node:net";
import { basicHeader } from "../client/credentials.ts";
import { createContent, type RegistryContent, type RepositoryContent } from "./content.ts";
import { type Fault, sendBody, takeFault } from "./faults.ts";

export interface FakeRegistryOptions {
  /** Credentials that it demands, by Basic authentication or by tokens from its own `/token`. */
  auth?: { kind: "basic" | "token"; username: string; password: string };
  /** Hands out tokens without credentials too, as Docker Hub does. */
  anonymous?: boolean;
  /** Where its challenge sends clients for tokens; its own `/token` unless given. */
  realm?: string;
  /** PEM texts: it then speaks HTTPS. */
  tls?: { cert: string; key: string };
  /** Tags on a page of the list; all unless given. */
  tagsPerPage?: number;
}

export interface SeenRequest {
  method: string;
  url: string;
  authorization: string | undefined;
  range: string | undefined;
  accept: string | undefined;
}

/** An in-memory registry on 127.0.0.1 that serves what is put into it, and misbehaves as it is told. */
export interface FakeRegistry extends RegistryContent {
  /** "127.0.0.1:port": what references name. */
  readonly domain: string;
  readonly url: string;
  /** Every request so far, the oldest first. */
  readonly requests: SeenRequest[];
  /** Tests push and remove; the first that applies to a request counts. */
  readonly faults: Fault[];
  close(): Promise<void>;
}

/** Starts a registry for tests. Close it: `afterEach(() => registry.close())`. */
export async function startFakeRegistry(options: FakeRegistryOptions = {}): Promise<FakeRegistry> {
  const content = createContent();
  const faults: Fault[] = [];
  const requests: SeenRequest[] = [];
  const listener = (request: IncomingMessage, response: ServerResponse) => {
    const { authorization, range, accept } = request.headers;
    requests.push({ method: request.method ?? "", url: request.url ?? "", authorization, range, accept });
    answer({ request, response, content, options, fault: takeFault(faults, request), base: url() });
  };
  const server = options.tls === undefined ? createServer(listener) : createTlsServer(options.tls, listener);
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", resolve);
  });
  const domain = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const url = () => `${options.tls === undefined ? "http" : "https"}://${domain}`;
  return {
    ...content,
    domain,
    url: url(),
    requests,
    faults,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

interface Exchange {
  request: IncomingMessage;
  response: ServerResponse;
  content: RegistryContent;
  options: FakeRegistryOptions;
  fault: Fault | undefined;
  base: string;
}

const token = "fake-registry-token";

function answer(exchange: Exchange): void {
  const { request, response, fault, base } = exchange;
  const { pathname, searchParams } = new URL(request.url ?? "/", base);
  if (fault?.do === "stall" && fault.after === undefined) return;
  if (fault?.do === "answer") {
    response.writeHead(fault.status, fault.headers).end(fault.body);
  } else if (fault?.do === "redirect") response.writeHead(307, { location: fault.to }).end();
  else if (pathname === "/token") giveToken(exchange);
  else if (!authorized(exchange)) refuse(response, 401, "UNAUTHORIZED", "authentication required", challenge(exchange));
  else if (pathname === "/v2/")
    response.writeHead(200, { "docker-distribution-api-version": "registry/2.0" }).end("{}");
  else serve(exchange, decodeURIComponent(pathname), searchParams);
}

function challenge({ options, base }: Exchange): Record<string, string> {
  if (options.auth?.kind === "basic") return { "www-authenticate": 'Basic realm="fake"' };
  return {
    "www-authenticate": `Bearer realm="${options.realm ?? `${base}/token`}",service="fake",scope="registry:catalog:*"`,
  };
}

function authorized({ request, options: { auth } }: Exchange): boolean {
  if (auth === undefined) return true;
  return request.headers.authorization === (auth.kind === "basic" ? basicHeader(auth) : `Bearer ${token}`);
}

function giveToken({ request, response, options }: Exchange): void {
  const { authorization } = request.headers;
  const anonymous = authorization === undefined && options.anonymous === true && request.method === "GET";
  const known = options.auth !== undefined && authorization === basicHeader(options.auth);
  if (anonymous || known || request.method === "POST")
    response.end(JSON.stringify({ token, expires_in: 300, refresh_token: "refresh" }));
  else refuse(response, 401, "UNAUTHORIZED", "incorrect username or password");
}

function serve(exchange: Exchange, path: string, query: URLSearchParams): void {
  const { response, content, options } = exchange;
  const [, repository = "", kind, name = ""] = /^\/v2\/(.+)\/(manifests|blobs|tags)\/([^/]+)$/.exec(path) ?? [];
  const known = content.repository(repository);
  if (kind === "blobs") {
    const blob = content.blobs.get(name);
    if (blob === undefined) refuse(response, 404, "BLOB_UNKNOWN", "blob unknown to registry");
    else serveBlob(exchange, blob, name);
  } else if (kind === "tags" && name === "list" && known !== undefined) {
    serveTags(response, repository, [...known.tags.keys()].sort(), query, options.tagsPerPage);
  } else if (kind === "tags") refuse(response, 404, "NAME_UNKNOWN", "repository name not known to registry");
  else serveManifest(exchange, known, name);
}

function serveManifest({ response, fault }: Exchange, known: RepositoryContent | undefined, name: string): void {
  const digest = known?.tags.get(name) ?? name;
  const manifest = known?.manifests.get(digest);
  if (manifest === undefined) {
    refuse(response, 404, "MANIFEST_UNKNOWN", "manifest unknown");
    return;
  }
  const { bytes, mediaType } = manifest;
  response.writeHead(200, {
    "content-type": mediaType,
    "content-length": bytes.length,
    "docker-content-digest": digest,
  });
  sendBody(response, bytes, fault);
}

function serveBlob({ request, response, fault }: Exchange, blob: Buffer, digest: string): void {
  const [, from] = /^bytes=(\d+)-$/.exec(request.headers.range ?? "") ?? [];
  const start = from === undefined || fault?.do === "ignore-range" ? undefined : Number(from);
  if (start !== undefined && start >= blob.length) {
    refuse(response, 416, "RANGE_INVALID", "invalid content range");
    return;
  }
  const body = blob.subarray(start ?? 0);
  response.writeHead(start === undefined ? 200 : 206, {
    "content-type": "application/octet-stream",
    "content-length": body.length,
    "docker-content-digest": digest,
    ...(start === undefined ? {} : { "content-range": `bytes ${start}-${blob.length - 1}/${blob.length}` }),
  });
  sendBody(response, body, fault);
}

function serveTags(
  response: ServerResponse,
  name: string,
  all: readonly string[],
  query: URLSearchParams,
  perPage = all.length,
): void {
  const last = query.get("last");
  const start = last === null ? 0 : all.indexOf(last) + 1;
  const tags = all.slice(start, start + perPage);
  const more = start + tags.length < all.length;
  response.writeHead(200, {
    "content-type": "application/json",
    ...(more ? { link: `</v2/${name}/tags/list?last=${tags.at(-1)}&n=${perPage}>; rel="next"` } : {}),
  });
  response.end(JSON.stringify({ name, tags }));
}

function refuse(
  response: ServerResponse,
  status: number,
  code: string,
  message: string,
  headers: Record<string, string> = {},
): void {
  response.writeHead(status, { "content-type": "application/json", ...headers });
  response.end(JSON.stringify({ errors: [{ code, message, detail: null }] }));
}
