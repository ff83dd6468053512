import type { HttpResponse, RawWriter } from "../../../api/client/index.ts";
import { BerthError } from "../../../lib/index.ts";
import {
  BUILD_FRAME,
  type BuildFailure,
  type BuildMessage,
  type BuildRequest,
  type BuildResult,
  type BuildStatus,
} from "../../../spec/api/index.ts";
import type { Context } from "../../core/context.ts";
import { createFrameReader, encodeFrame } from "./frames.ts";

export interface BuildHandlers {
  event(status: BuildStatus): void;
  ssh(channel: number, data: Buffer): void;
  shell(data: Buffer): void;
  output(data: Buffer): void;
  /** The build asks for an agent under this channel. */
  sshOpened(channel: number, id: string): void;
  shellState(state: "open" | "closed"): void;
}

export type BuildEnd = { readonly result: BuildResult } | { readonly error: BuildFailure };

/** One build's connection. Closing it ends the build. */
export class BuildConnection {
  readonly #response: HttpResponse;
  readonly #writer: RawWriter;
  #giveUp: (error: Error) => void = () => undefined;

  constructor(response: HttpResponse, writer: RawWriter) {
    this.#response = response;
    this.#writer = writer;
  }

  request(request: BuildRequest): void {
    this.#writer.write(encodeFrame(BUILD_FRAME.json, JSON.stringify(request)));
  }

  /** Sends a context's archive; an empty frame ends it. */
  async sendContext(archive: AsyncIterable<Buffer>): Promise<void> {
    for await (const chunk of archive) {
      if (chunk.length > 0 && !this.#writer.write(encodeFrame(BUILD_FRAME.context, chunk)))
        await this.#writer.drained();
    }
    this.#writer.write(encodeFrame(BUILD_FRAME.context, ""));
  }

  sendSsh(channel: number, data: Uint8Array): void {
    const payload = Buffer.alloc(4 + data.length);
    payload.writeUInt32BE(channel);
    payload.set(data, 4);
    this.#writer.write(encodeFrame(BUILD_FRAME.ssh, payload));
  }

  sendShell(data: Uint8Array): void {
    this.#writer.write(encodeFrame(BUILD_FRAME.shell, data));
  }

  resize(size: { height: number; width: number }): void {
    this.#writer.write(encodeFrame(BUILD_FRAME.resize, JSON.stringify(size)));
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
      if (type === BUILD_FRAME.json) end = message(payload, handlers) ?? end;
      else if (type === BUILD_FRAME.ssh && payload.length >= 4)
        handlers.ssh(payload.readUInt32BE(), payload.subarray(4));
      else if (type === BUILD_FRAME.shell) handlers.shell(payload);
      else if (type === BUILD_FRAME.output) handlers.output(payload);
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
  const value = JSON.parse(payload.toString("utf8")) as BuildMessage;
  if ("result" in value || "error" in value) return value;
  if ("ssh" in value) handlers.sshOpened(value.ssh.channel, value.ssh.id);
  else if ("shell" in value) handlers.shellState(value.shell);
  else handlers.event(value);
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
