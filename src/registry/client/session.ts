import { BerthError, kindOf } from "../../lib/index.ts";
import { type Challenge, parseChallenges } from "./challenge.ts";
import { basicHeader, type Credentials } from "./credentials.ts";
import type { Endpoint } from "./endpoint.ts";
import { asked } from "./network-error.ts";
import { type RedirectedResponse, sendRedirected } from "./redirects.ts";
import { RegistryError, refusal } from "./registry-error.ts";
import { discardBody } from "./response-body.ts";
import { type AccessToken, fetchToken } from "./token.ts";
import type { Content, Transport } from "./transport.ts";

export interface SessionRequest {
  method: "GET" | "HEAD" | "POST" | "PUT";
  /** Below the endpoint: "v2/library/busybox/manifests/latest"; a whole address of the same origin serves, too. */
  path: string;
  headers?: Readonly<Record<string, string>>;
  /** What an access token has to allow. */
  scope?: string;
  content?: Content;
  signal?: AbortSignal | undefined;
}

/** Requests to one registry's endpoint, authenticated as it demands, with tokens kept by scope. */
export interface Session {
  readonly endpoint: Endpoint;
  /** Resolves with the answer, whatever its status but 401. Rejects with kind "unauthorized" where no credentials help. */
  send(request: SessionRequest): Promise<RedirectedResponse>;
  /** The challenge of the last 401; undefined where there was none. */
  readonly challenge: Challenge | undefined;
}

const expiryMargin = 10_000;

function createSession(transport: Transport, endpoint: Endpoint, credentials: Credentials | undefined): Session {
  const own = endpoint.trusted ? credentials : undefined;
  const tokens = new Map<string, Promise<AccessToken>>();
  let challenge: Challenge | undefined;

  /** Requests for one scope share one token, also while it is being fetched. */
  const tokenFor = async (offered: Challenge, scope: string | undefined, signal: AbortSignal | undefined) => {
    const key = scope ?? "";
    const known = await tokens.get(key)?.catch(() => undefined);
    if (known !== undefined && known.expires > Date.now() + expiryMargin) return known.token;
    const fetched = fetchToken(transport, { endpoint, challenge: offered, credentials: own, scope, signal });
    tokens.set(key, fetched);
    fetched.catch(() => tokens.delete(key));
    return (await fetched).token;
  };

  const authorization = async ({ scope, signal }: SessionRequest): Promise<string | undefined> => {
    if (own?.registryToken !== undefined) return `Bearer ${own.registryToken}`;
    if (challenge?.scheme === "bearer") return `Bearer ${await tokenFor(challenge, scope, signal)}`;
    return challenge?.scheme === "basic" && own?.basic !== undefined ? basicHeader(own.basic) : undefined;
  };

  const attempt = async (request: SessionRequest): Promise<RedirectedResponse> => {
    const header = await authorization(request);
    const headers = { ...request.headers, ...(header === undefined ? {} : { authorization: header }) };
    const url = new URL(request.path, endpoint.url);
    if (url.origin !== new URL(endpoint.url).origin)
      throw new BerthError("invalid", `${asked(request.method, url)}: refused an address elsewhere`);
    return sendRedirected(transport, {
      method: request.method,
      url,
      headers,
      content: request.content,
      insecure: endpoint.insecure,
      signal: request.signal,
    });
  };

  return {
    endpoint,
    get challenge() {
      return challenge;
    },
    async send(request) {
      const first = await attempt(request);
      if (first.status !== 401) return first;
      const offered = first.foreign ? undefined : acceptable(first);
      if (offered === undefined || own?.registryToken !== undefined) throw await unauthorized(first, transport);
      discardBody(first);
      challenge = offered;
      // The token may have been revoked or may not cover this: a fresh one is asked for once.
      tokens.delete(request.scope ?? "");
      if (offered.scheme === "basic" && own?.basic === undefined)
        throw new BerthError("unauthorized", `${asked(request.method, first.url)}: no basic auth credentials`);
      const second = await attempt(request);
      if (second.status === 401) throw await unauthorized(second, transport);
      return second;
    },
  };
}

/** The first of the endpoints that speaks HTTP at all. A registry that answers with an error is one that answers. */
export async function firstReachable(
  transport: Transport,
  endpoints: readonly Endpoint[],
  credentials: Credentials | undefined,
  signal: AbortSignal | undefined,
): Promise<Session> {
  let failure: unknown = new BerthError("internal", "no endpoint");
  for (const endpoint of endpoints) {
    try {
      const url = new URL("v2/", endpoint.url);
      if (endpoints.length > 1)
        discardBody(await transport.send({ method: "GET", url, insecure: endpoint.insecure, signal }));
      return createSession(transport, endpoint, credentials);
    } catch (error) {
      if (kindOf(error) === "cancelled") throw error;
      failure = error;
    }
  }
  throw failure;
}

function acceptable(response: RedirectedResponse): Challenge | undefined {
  const offered = parseChallenges(response.headers["www-authenticate"] ?? "");
  return offered.find(({ scheme }) => scheme === "bearer") ?? offered.find(({ scheme }) => scheme === "basic");
}

async function unauthorized(response: RedirectedResponse, transport: Transport): Promise<BerthError> {
  const error = await refusal(response, transport.timeouts.stall);
  if (error.code !== undefined) return error;
  return new RegistryError(
    "unauthorized",
    `${asked("GET", response.url)}: unauthorized: authentication required`,
    401,
    undefined,
  );
}
