import { BerthError } from "../../lib/index.ts";
import { asked } from "./network-error.ts";
import { discardBody } from "./response-body.ts";
import type { HttpRequest, HttpResponse, Transport } from "./transport.ts";

const most = 10;
const statuses = new Set([301, 302, 303, 307, 308]);

export interface RedirectedResponse extends HttpResponse {
  /** It comes from another origin than was asked: its 401 is not the registry's and gets no credentials. */
  foreign: boolean;
}

/**
 * Sends a request and follows redirects. Credentials go to the first origin only: from the first step elsewhere on, the
 * Authorization header is gone for good, and a request with a body, in which a refresh token is, goes nowhere else. A
 * redirect from HTTPS to HTTP is refused, unless the request is insecure.
 */
export async function sendRedirected(transport: Transport, request: HttpRequest): Promise<RedirectedResponse> {
  let next = request;
  let foreign = false;
  for (let step = 0; step <= most; step++) {
    const response = await transport.send(next);
    const { location } = response.headers;
    if (!statuses.has(response.status) || location === undefined) return { ...response, foreign };
    discardBody(response);
    if (next.content !== undefined)
      throw new BerthError("invalid", `${asked(next.method, next.url)}: refused a redirect of what is sent`);
    const url = targetOf(location, next);
    if (url.origin !== next.url.origin) foreign = true;
    if (foreign && next.body !== undefined)
      throw new BerthError("invalid", `${asked(next.method, next.url)}: refused a redirect of credentials elsewhere`);
    next = { ...next, url, headers: foreign ? withoutCredentials(next.headers) : (next.headers ?? {}) };
  }
  throw new BerthError("unavailable", `${asked(request.method, request.url)}: stopped after ${most} redirects`);
}

function targetOf(location: string, { method, url, insecure }: HttpRequest): URL {
  const target = URL.canParse(location, url.href) ? new URL(location, url) : undefined;
  const isHttp = target?.protocol === "https:" || target?.protocol === "http:";
  if (target === undefined || !isHttp)
    throw new BerthError("invalid", `${asked(method, url)}: redirect to an address that is none`);
  if (url.protocol === "https:" && target.protocol === "http:" && !insecure)
    throw new BerthError("invalid", `${asked(method, url)}: refused a redirect from HTTPS to HTTP`);
  // What is before an @ would become credentials for the other host.
  target.username = "";
  target.password = "";
  return target;
}

function withoutCredentials(headers: HttpRequest["headers"]): Record<string, string> {
  return Object.fromEntries(Object.entries(headers ?? {}).filter(([name]) => name.toLowerCase() !== "authorization"));
}
