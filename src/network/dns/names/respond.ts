import { parseQuery, type Query, writeAnswer, writeRefusal } from "../wire/index.ts";
import type { NameView } from "./name-view.ts";
import { resolve } from "./resolve.ts";

/** What becomes of a packet: an answer of so many bytes, a query to forward, or nothing. */
export type Response = { readonly length: number } | { readonly forward: Query } | undefined;

/**
 * Answers the first `length` bytes of `packet` into `out`, for a client that takes all that fits over TCP, over UDP
 * what it says itself, up to `out`'s size. Pure but for the turn of addresses.
 */
export function respond(packet: Buffer, length: number, view: NameView, out: Buffer, over: "udp" | "tcp"): Response {
  const query = parseQuery(packet, length);
  if (query === undefined) return undefined;
  if ("rcode" in query) return { length: writeRefusal(out, query) };
  const answer = resolve(query, view);
  if (answer === "forward") return { forward: query };
  const limit = over === "tcp" ? out.length : Math.min(query.udpSize, out.length);
  return { length: writeAnswer(out, packet, query, answer, limit) };
}
