import type { IncomingMessage, ServerResponse } from "node:http";

/** A way to misbehave, instead of the right answer. */
export type Misbehaviour =
  /** Answers with this status, body and headers. */
  | { do: "answer"; status: number; body?: string | Buffer; headers?: Record<string, string> }
  /** Sends the right headers and that many bytes, then closes the connection. */
  | { do: "hang-up"; after: number }
  /** Sends the right headers and that many bytes, then nothing more. Without `after` not even headers come. */
  | { do: "stall"; after?: number }
  /** Sends these bytes in place of the right ones, of the same length where shorter ones are given. */
  | { do: "lie"; bytes: Buffer }
  /** Answers ranges with the whole. */
  | { do: "ignore-range" }
  /** Redirects there. */
  | { do: "redirect"; to: string };

export type Fault = Misbehaviour & {
  /** Requests that it applies to: a part of "GET /v2/…", or an expression for it. */
  on: string | RegExp;
  /** How often; for ever unless given. */
  times?: number;
};

/** Takes the first fault that applies to a request, counting down its times. */
export function takeFault(faults: Fault[], request: IncomingMessage): Fault | undefined {
  const line = `${request.method} ${request.url}`;
  const fault = faults.find(
    ({ on, times }) => times !== 0 && (typeof on === "string" ? line.includes(on) : on.test(line)),
  );
  if (fault?.times !== undefined) fault.times--;
  return fault;
}

/** Sends a body, or a part of it where a fault says so. */
export function sendBody(response: ServerResponse, body: Buffer, fault: Fault | undefined): void {
  if (fault?.do === "hang-up") {
    response.write(body.subarray(0, fault.after), () => response.destroy());
    if (fault.after === 0) response.flushHeaders();
  } else if (fault?.do === "stall") {
    response.flushHeaders();
    response.write(body.subarray(0, fault.after));
  } else if (fault?.do === "lie")
    response.end(Buffer.concat([fault.bytes, body.subarray(fault.bytes.length)]).subarray(0, body.length));
  else response.end(body);
}
