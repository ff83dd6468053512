import { BerthError } from "../../lib/index.ts";

/**
 * What a failed connection means, in the words of Go's net package, which Docker's users know. Kind "unavailable",
 * "cancelled" where the caller gave up, "timeout" as it comes.
 */
export function networkError(method: string, url: URL, error: unknown): BerthError {
  if (error instanceof BerthError)
    return new BerthError(error.kind, `${asked(method, url)}: ${error.message}`, { cause: error });
  if (error instanceof Error && error.name === "AbortError")
    return new BerthError("cancelled", "context canceled", { cause: error });
  const why = reason(error, url);
  // Docker pings a registry before anything else, so its users know these failures with that address.
  const shown = /^(?:dial |tls: )/.test(why) && url.pathname.startsWith("/v2/") ? new URL("/v2/", url) : url;
  // What the system said is told in other words: as the cause it would stand in the message a second time.
  return new BerthError("unavailable", `${asked(method, shown)}: ${why}`);
}

/** `Get "https://r.example/v2/"`. Queries are left out: they can hold what nobody should read. */
export function asked(method: string, url: URL): string {
  return `${method.charAt(0)}${method.slice(1).toLowerCase()} "${url.origin}${url.pathname}"`;
}

interface SystemError extends Error {
  code?: string;
  address?: string;
  port?: number;
  reason?: string;
}

function reason(error: unknown, url: URL): string {
  if (!(error instanceof Error)) return String(error);
  const system = firstOf(error);
  const place = system.address === undefined ? url.host : `${bracketed(system.address)}:${system.port}`;
  switch (system.code) {
    case "ECONNREFUSED":
      return `dial tcp ${place}: connect: connection refused`;
    case "ENOTFOUND":
      return `dial tcp: lookup ${url.hostname}: no such host`;
    case "EAI_AGAIN":
      return `dial tcp: lookup ${url.hostname}: temporary failure in name resolution`;
    case "EHOSTUNREACH":
      return `dial tcp ${place}: connect: no route to host`;
    case "ENETUNREACH":
      return `dial tcp ${place}: connect: network is unreachable`;
    case "ETIMEDOUT":
      return `dial tcp ${place}: i/o timeout`;
    case "ECONNRESET":
      return system.message.includes("socket hang up") ? "EOF" : "read: connection reset by peer";
    case "EPROTO":
    case "ERR_SSL_WRONG_VERSION_NUMBER":
      return /wrong version|packet length/i.test(system.message)
        ? "http: server gave HTTP response to HTTPS client"
        : `tls: ${system.message}`;
    case "HPE_HEADER_OVERFLOW":
      return "the headers of the answer are too large";
    default:
      return certificateReason(system) ?? system.message;
  }
}

function certificateReason({ code = "", message }: SystemError): string | undefined {
  if (code === "ERR_TLS_CERT_ALTNAME_INVALID") return `tls: failed to verify certificate: x509: ${message}`;
  if (code === "CERT_HAS_EXPIRED")
    return "tls: failed to verify certificate: x509: certificate has expired or is not yet valid";
  if (/^(UNABLE_TO|SELF_SIGNED|DEPTH_ZERO|CERT_)/.test(code))
    return "tls: failed to verify certificate: x509: certificate signed by unknown authority";
  return undefined;
}

/** A name with several addresses fails with one error that holds one for each. */
function firstOf(error: Error): SystemError {
  const [first] = error instanceof AggregateError ? error.errors : [];
  return first instanceof Error ? first : error;
}

function bracketed(address: string): string {
  return address.includes(":") ? `[${address}]` : address;
}
