import type { HttpResponse, RawWriter } from "../../../api/client/index.ts";
import { BerthError } from "../../../lib/index.ts";
import type { Context } from "../../core/context.ts";
import type { SolveStatus } from "../progress/status.ts";
import { createFrameReader, encodeFrame } from "./frames.ts";

/** Types of frames to the daemon, and from it: `json`, `ssh` and `shell` in both directions. */
const FRAME = { json: 0, ssh: 1, shell: 2, resize: 3, context: 4, output: 5 } as const;

/** How a build ended, in the daemon's words. */
export interface BuildResult {
  readonly imageId?: string;
  readonly metadata?: Record<string, unknown>;
  [key: string]: unknown;
}

export interface BuildError {
  readonly message: string;
  readonly exitCode?: number;
  readonly source?: { readonly filename: string; readonly data: string; readonly start: number; readonly end: number };
}

export interface BuildHandlers {
  event(status: SolveStatus): void;
  ssh(channel: number, data: Buffer): void;
  shell(data: Buffer): void;
  output(data: Buffer): void;
  other(message: Record<string, unknown>): void;
}

export type BuildEnd = { readonly result: BuildResult } | { readonly error: BuildError };

/** One build's connection. Closing it ends the build. */
export class BuildConnection {
  readonly #response: HttpResponse;
  readonly #writer: RawWriter;
  #giveUp: (error: Error) => void = () => undefined;

  constructor(response: HttpResponse, writer: RawWriter) {
    this.#response = response;
    this.#writer = writer;
  }

  request(request: object): void {
    this.#writer.write(encodeFrame(FRAME.json, JSON.stringify(request)));
  }

  /** Sends a context's archive; an empty frame ends it. */
  async sendContext(archive: AsyncIterable<Buffer>): Promise<void> {
    for await (const chunk of archive) {
      if (chunk.length > 0 && !this.#writer.write(encodeFrame(FRAME.context, chunk))) await this.#writer.drained();
    }
    this.#writer.write(encodeFrame(FRAME.context, ""));
  }

  sendSsh(channel: number, data: Uint8Array): void {
    const payload = Buffer.alloc(4 + data.length);
    payload.writeUInt32BE(channel);
    payload.set(data, 4);
    this.#writer.write(encodeFrame(FRAME.ssh, payload));
  }

  sendShell(data: Uint8Array): void {
    this.#writer.write(encodeFrame(FRAME.shell, data));
  }

  resize(size: { height: number; width: number }): void {
    this.#writer.write(encodeFrame(FRAME.resize, JSON.stringify(size)));
  }

  /** Ends a build that still runs; `run` then rejects. */
  close(): void {
    this.#response.body.cancel();
    this.#giveUp(new BerthError("cancelled", "the build was given up"));
  }

  /** Gives every frame to its handler, until the result has come. */
  async run(handlers: BuildHandlers): Promise<BuildEnd> {
    let end: BuildEnd | undefined;
    const reader = createFrameReader((type, payload) => {
      if (type === FRAME.json) end = message(payload, handlers) ?? end;
      else if (type === FRAME.ssh && payload.length >= 4) handlers.ssh(payload.readUInt32BE(), payload.subarray(4));
      else if (type === FRAME.shell) handlers.shell(payload);
      else if (type === FRAME.output) handlers.output(payload);
      return undefined;
    });
    const closed = new Promise<never>((_, reject) => {
      this.#giveUp = reject;
    });
    await Promise.race([this.#response.body.each((chunk) => reader.write(chunk)), closed]);
    reader.end();
    if (end === undefined) throw new BerthError("unavailable", "the daemon ended before the build did");
    return end;
  }
}

function message(payload: Buffer, handlers: BuildHandlers): BuildEnd | undefined {
  const value = JSON.parse(payload.toString("utf8")) as Record<string, unknown>;
  if (typeof value.result === "object" && value.result !== null) return { result: value.result as BuildResult };
  if (value.error !== undefined)
    return { error: typeof value.error === "string" ? { message: value.error } : (value.error as BuildError) };
  if ("vertexes" in value || "statuses" in value || "logs" in value || "warnings" in value)
    handlers.event(value as SolveStatus);
  else handlers.other(value);
  return undefined;
}

/** Opens a build's connection; undefined where the daemon has no builder of Berth's. */
export async function openBuild(context: Context): Promise<BuildConnection | undefined> {
  const { ApiError } = await import("../../../api/client/index.ts");
  try {
    const response = await context.client.request("POST", "/berth/build", { upgrade: true, unversioned: true });
    if (response.upgraded === undefined) throw new BerthError("unavailable", "the daemon did not take up the build");
    return new BuildConnection(response, response.upgraded);
  } catch (error) {
    if (error instanceof ApiError && [404, 405].includes(error.status)) return undefined;
    throw error;
  }
}
