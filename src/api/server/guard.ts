import type { IncomingMessage } from "node:http";
import { isIP } from "node:net";
import { hostname } from "node:os";
import { BerthError } from "../../lib/index.ts";
import { isLoopback } from "../transport/index.ts";

/** What stands between a listener and whoever can reach it. */
export type Exposure =
  /** A unix socket or a client certificate: who gets here was let in. */
  | "trusted"
  /** TCP without a client's certificate: a browser on the machine, or one that was lured, can get here. */
  | "open";

/**
 * Refuses what a browser would send to an unauthenticated TCP listener: anything with an Origin or a fetch from
 * another site, and a Host that is a foreign name (DNS rebinding). API clients send neither. Fails "forbidden".
 */
export function checkBrowser(request: IncomingMessage, exposure: Exposure): void {
  if (exposure === "trusted") return;
  const { origin, host } = request.headers;
  if (origin !== undefined) throw forbidden("requests of web pages are not served");
  const site = request.headers["sec-fetch-site"];
  if (site !== undefined && site !== "none") throw forbidden("requests of web pages are not served");
  if (!isOwnName(host ?? "")) throw forbidden(`the name '${host ?? ""}' is not this daemon's: call it by its address`);
}

function isOwnName(host: string): boolean {
  const name = host
    .replace(/:\d*$/, "")
    .replace(/^\[|\]$/g, "")
    .toLowerCase();
  return isIP(name) !== 0 || isLoopback(name) || name === hostname().toLowerCase();
}

const forbidden = (why: string) => new BerthError("forbidden", why);
