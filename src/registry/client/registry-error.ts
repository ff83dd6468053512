import { STATUS_CODES } from "node:http";
import { BerthError, type ErrorKind, escapeForTerminal } from "../../lib/index.ts";
import { familiar, familiarName, type Reference } from "../../spec/index.ts";
import { asked } from "./network-error.ts";
import { readBody } from "./response-body.ts";
import type { HttpResponse } from "./transport.ts";

/** A registry's refusal: its status, and the first of its error codes where it gave one ("MANIFEST_UNKNOWN"). */
export class RegistryError extends BerthError {
  readonly status: number;
  readonly code: string | undefined;

  constructor(kind: ErrorKind, message: string, status: number, code: string | undefined) {
    super(kind, message);
    this.status = status;
    this.code = code;
  }
}

const bodyLimit = 64 * 1024;
const messageLimit = 500;
const kinds: Readonly<Record<number, ErrorKind>> = {
  400: "invalid",
  401: "unauthorized",
  403: "forbidden",
  404: "not-found",
  405: "not-implemented",
  416: "invalid",
};

/** Reads what a registry answered in place of what was asked for. Its text is made harmless and cut. */
export async function refusal(response: HttpResponse, stall: number): Promise<RegistryError> {
  const body = await readBody(response, bodyLimit, stall, "error").catch(() => Buffer.alloc(0));
  const kind = kinds[response.status] ?? "unavailable";
  const { code, message } = firstError(body);
  if (code !== undefined) {
    const text = `${code.toLowerCase().replaceAll("_", " ")}: ${message}`;
    return new RegistryError(kind, text, response.status, code);
  }
  const status = `${response.status} ${STATUS_CODES[response.status] ?? ""}`.trim();
  return new RegistryError(
    kind,
    `${asked("GET", response.url)}: received unexpected HTTP status: ${status}`,
    response.status,
    undefined,
  );
}

/** The same failure in the words that `docker pull` has for it. */
export function pullError(error: unknown, reference: Reference): unknown {
  if (!(error instanceof RegistryError)) return error;
  const { code, status, message } = error;
  if (code === "DENIED" || (code === undefined && status === 403))
    return new BerthError(
      "not-found",
      `pull access denied for ${familiarName(reference)}, repository does not exist or may require 'docker login': ${message}`,
      { cause: error },
    );
  if (code === "NAME_UNKNOWN")
    return new BerthError("not-found", `repository ${familiarName(reference)} not found: ${message}`, { cause: error });
  if (code === "MANIFEST_UNKNOWN" || status === 404)
    return new BerthError("not-found", `manifest for ${familiar(reference)} not found: ${message}`, { cause: error });
  return error;
}

function firstError(body: Buffer): { code?: string; message: string } {
  try {
    const parsed: unknown = JSON.parse(body.toString());
    const errors = (parsed as { errors?: unknown } | null)?.errors;
    const first: unknown = Array.isArray(errors) ? errors[0] : undefined;
    const { code, message } = (first ?? {}) as { code?: unknown; message?: unknown };
    if (typeof code !== "string" || !/^[A-Z0-9_]{1,64}$/.test(code)) return { message: "" };
    const text = typeof message === "string" && message !== "" ? message : code.toLowerCase().replaceAll("_", " ");
    return { code, message: escapeForTerminal(text.slice(0, messageLimit)) };
  } catch {
    return { message: "" };
  }
}
