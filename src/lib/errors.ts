/** The kinds of failure that Berth tells apart. Each edge (HTTP, registry, exit code) maps them in one table. */
export type ErrorKind =
  | "invalid" // the caller's input is wrong
  | "not-found"
  | "conflict" // the object's present state forbids it
  | "already" // it is already so: 304 on the API
  | "unauthorized"
  | "forbidden"
  | "not-implemented"
  | "unavailable" // try again later, or elsewhere
  | "cancelled"
  | "timeout"
  | "exhausted" // disk, memory, descriptors or a declared limit
  | "corrupt" // stored or received data does not verify
  | "internal";

export interface ErrorOptions {
  cause?: unknown;
  /** A sentence that tells the user what to try. */
  hint?: string;
  /** Process exit code that the CLI should give, where the kind's own does not fit (125, 126, 127). */
  exitCode?: number;
}

/** An error that carries its kind. The message is for people and, where Docker's clients read it, is Docker's text. */
export class BerthError extends Error {
  readonly kind: ErrorKind;
  readonly hint: string | undefined;
  readonly exitCode: number | undefined;

  constructor(kind: ErrorKind, message: string, options: ErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "BerthError";
    this.kind = kind;
    this.hint = options.hint;
    this.exitCode = options.exitCode;
  }
}

/** The kind of any thrown value: a BerthError's own, system codes by meaning, everything else "internal". */
export function kindOf(error: unknown): ErrorKind {
  if (error instanceof BerthError) return error.kind;
  if (error instanceof Error) {
    if (error.name === "AbortError") return "cancelled";
    const code = (error as NodeJS.ErrnoException).code;
    if (code === "ENOSPC" || code === "EDQUOT" || code === "EMFILE" || code === "ENFILE" || code === "ENOMEM")
      return "exhausted";
  }
  return "internal";
}

/** The message of any thrown value, with the messages of its causes after colons where they add something. */
export function messageOf(error: unknown): string {
  const parts: string[] = [];
  let current: unknown = error;
  for (let depth = 0; depth < 8 && current !== undefined && current !== null; depth++) {
    const text = current instanceof Error ? current.message : String(current);
    if (text !== "" && !parts.some((part) => part.includes(text))) parts.push(text);
    current = current instanceof Error ? current.cause : undefined;
  }
  return parts.join(": ");
}

/** The same error with what was being done in front; kind, hint and exit code are kept. */
export function doing(what: string, error: unknown): BerthError {
  const from = error instanceof BerthError ? error : undefined;
  return new BerthError(kindOf(error), `${what}: ${messageOf(error)}`, {
    cause: error,
    ...(from?.hint === undefined ? {} : { hint: from.hint }),
    ...(from?.exitCode === undefined ? {} : { exitCode: from.exitCode }),
  });
}

export const invalid = (message: string, options?: ErrorOptions) => new BerthError("invalid", message, options);
export const notFound = (message: string, options?: ErrorOptions) => new BerthError("not-found", message, options);
export const conflict = (message: string, options?: ErrorOptions) => new BerthError("conflict", message, options);
