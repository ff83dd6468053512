import { type ErrorKind, kindOf } from "../../lib/index.ts";

/** The one table from kinds of error to HTTP status, as Docker answers them. */
const statusOfKind: Record<ErrorKind, number> = {
  invalid: 400,
  "not-found": 404,
  conflict: 409,
  already: 304,
  unauthorized: 401,
  forbidden: 403,
  "not-implemented": 501,
  unavailable: 503,
  cancelled: 500,
  timeout: 500,
  exhausted: 500,
  corrupt: 500,
  internal: 500,
};

/** A failure of the HTTP exchange itself, with a status that no kind of engine error has (408, 413). */
export class ExchangeError extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.name = "ExchangeError";
    this.status = status;
  }
}

/** HTTP status for any thrown value. */
export function statusOf(error: unknown): number {
  return error instanceof ExchangeError ? error.status : statusOfKind[kindOf(error)];
}
