import { BerthError, invalid } from "../../lib/index.ts";
import type { Challenge } from "./challenge.ts";
import { basicHeader, type Credentials } from "./credentials.ts";
import type { Endpoint } from "./endpoint.ts";
import { sendRedirected } from "./redirects.ts";
import { RegistryError, refusal } from "./registry-error.ts";
import { readBody } from "./response-body.ts";
import type { HttpRequest, Transport } from "./transport.ts";

export interface AccessToken {
  token: string;
  /** Milliseconds since 1970. */
  expires: number;
  /** For later logins; only where it was asked for. */
  refreshToken?: string;
}

export interface TokenRequest {
  endpoint: Endpoint;
  /** The registry's own Bearer challenge. */
  challenge: Challenge;
  credentials: Credentials | undefined;
  /** What the token is for ("repository:library/busybox:pull"); undefined for a login. */
  scope: string | undefined;
  /** Asks for a refresh token too. */
  offline?: boolean;
  signal?: AbortSignal | undefined;
}

const clientId = "berth";
const tokenLimit = 1024 * 1024;
const shortestLife = 60;

/**
 * Gets an access token from the realm that the registry named (distribution specification, "token authentication").
 * The scope is the caller's and never the challenge's, and credentials leave by HTTPS only, unless the registry itself
 * is spoken to by HTTP.
 */
export async function fetchToken(transport: Transport, request: TokenRequest): Promise<AccessToken> {
  const response = await sendRedirected(transport, httpRequest(request));
  if (response.status !== 200) {
    const error = await refusal(response, transport.timeouts.stall);
    if (error.status === 401 && request.credentials !== undefined)
      throw new RegistryError("unauthorized", "unauthorized: incorrect username or password", 401, "UNAUTHORIZED");
    if (error.status === 401 || error.status === 403)
      throw new RegistryError(
        "forbidden",
        "denied: requested access to the resource is denied",
        error.status,
        "DENIED",
      );
    throw error;
  }
  return parseToken(await readBody(response, tokenLimit, transport.timeouts.stall, "token"));
}

function httpRequest(request: TokenRequest): HttpRequest {
  const { endpoint, challenge, credentials, scope, signal } = request;
  const url = realmOf(endpoint, challenge);
  const fields: [string, string][] = [];
  const service = challenge.parameters.get("service");
  if (service !== undefined) fields.push(["service", service]);
  if (scope !== undefined) fields.push(["scope", scope]);
  if (request.offline === true) fields.push(["offline_token", "true"], ["client_id", clientId]);
  const shared = { insecure: endpoint.insecure, signal };
  if (credentials?.identityToken !== undefined) {
    const form: [string, string][] = [["grant_type", "refresh_token"], ["refresh_token", credentials.identityToken], ["client_id", clientId]]; // biome-ignore format: one line
    const headers = { "content-type": "application/x-www-form-urlencoded" };
    return { ...shared, method: "POST", url, headers, body: new URLSearchParams([...form, ...fields]).toString() };
  }
  for (const [name, value] of fields) url.searchParams.append(name, value);
  if (credentials?.basic === undefined) return { ...shared, method: "GET", url };
  url.searchParams.append("account", credentials.basic.username);
  return { ...shared, method: "GET", url, headers: { authorization: basicHeader(credentials.basic) } };
}

function realmOf(endpoint: Endpoint, challenge: Challenge): URL {
  const realm = challenge.parameters.get("realm") ?? "";
  const url = URL.canParse(realm) ? new URL(realm) : undefined;
  if (url === undefined || (url.protocol !== "https:" && url.protocol !== "http:"))
    throw invalid(`the registry ${endpoint.url.host} names no address that gives tokens`);
  if (url.protocol === "http:" && endpoint.url.protocol === "https:" && !endpoint.insecure)
    throw invalid(`the registry ${endpoint.url.host} wants its tokens fetched over plain HTTP, which is refused`);
  url.username = "";
  url.password = "";
  return url;
}

function parseToken(body: Buffer): AccessToken {
  const { token, access_token, expires_in, refresh_token } = asObject(body);
  const text = typeof token === "string" && token !== "" ? token : access_token;
  if (typeof text !== "string" || !/^[\x21-\x7e]+$/.test(text))
    throw new BerthError("invalid", "authorization server did not include a token in the response");
  const seconds = typeof expires_in === "number" && expires_in > shortestLife ? expires_in : shortestLife;
  return {
    token: text,
    expires: Date.now() + seconds * 1000,
    ...(typeof refresh_token === "string" && refresh_token !== "" ? { refreshToken: refresh_token } : {}),
  };
}

function asObject(body: Buffer): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(body.toString());
    if (typeof value === "object" && value !== null) return value as Record<string, unknown>;
  } catch {
    // Falls through to the error for everything that is no object.
  }
  throw new BerthError("invalid", "unable to decode token response");
}
