import { STATUS_CODES } from "node:http";
import { BerthError } from "../../lib/index.ts";
import { type Challenge, parseChallenges } from "./challenge.ts";
import { basicHeader, type Credentials } from "./credentials.ts";
import { asked } from "./network-error.ts";
import { discardBody } from "./response-body.ts";
import type { Session } from "./session.ts";
import { fetchToken } from "./token.ts";
import type { Transport } from "./transport.ts";

export interface LoginResult {
  /** To be kept in place of the password; "" where the registry gives none. */
  identityToken: string;
}

/** Tries credentials at a registry as `docker login` does. One that demands none accepts all. */
export async function checkLogin(
  { endpoint }: Session,
  transport: Transport,
  credentials: Credentials | undefined,
  signal: AbortSignal | undefined,
): Promise<LoginResult> {
  const url = new URL("v2/", endpoint.url);
  const { insecure } = endpoint;
  const ask = (headers: Record<string, string>) => transport.send({ method: "GET", url, headers, insecure, signal });
  const open = await ask({});
  discardBody(open);
  if (open.status !== 401) return accepted(open.status, url);
  const offered = parseChallenges(open.headers["www-authenticate"] ?? "");
  const bearer = offered.find(({ scheme }) => scheme === "bearer");
  if (bearer !== undefined) return tokenLogin(bearer);
  if (credentials?.basic === undefined)
    throw new BerthError("unauthorized", `${asked("GET", url)}: no basic auth credentials`);
  const response = await ask({ authorization: basicHeader(credentials.basic) });
  discardBody(response);
  return accepted(response.status, url);

  async function tokenLogin(challenge: Challenge): Promise<LoginResult> {
    try {
      const request = { endpoint, challenge, credentials, scope: undefined, offline: true, signal };
      const { token, refreshToken } = await fetchToken(transport, request);
      const response = await ask({ authorization: `Bearer ${token}` });
      discardBody(response);
      accepted(response.status, url);
      return { identityToken: refreshToken ?? "" };
    } catch (error) {
      if (!(error instanceof BerthError) || error.kind !== "unauthorized") throw error;
      throw new BerthError("unauthorized", `${asked("GET", url)}: ${error.message}`, { cause: error });
    }
  }
}

function accepted(status: number, url: URL): LoginResult {
  if (status === 200) return { identityToken: "" };
  const text = `${status} ${STATUS_CODES[status] ?? ""}`.trim();
  const kind = status === 401 || status === 403 ? "unauthorized" : "unavailable";
  throw new BerthError(kind, `login attempt to ${url.href} failed with status: ${text}`);
}
