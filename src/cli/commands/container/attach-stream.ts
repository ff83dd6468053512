import { apiPath, type HttpResponse } from "../../../api/client/index.ts";
import { CliError } from "../../core/cli-error.ts";
import type { Context } from "../../core/context.ts";
import { DEFAULT_DETACH_KEYS, parseDetachKeys } from "../../terminal/detach-keys.ts";

/** The detach sequence in force: the flag, the configuration's, Docker's. */
export function detachKeys(context: Context, flag: string): { text: string; bytes: number[] } {
  const text = flag || context.config.detachKeys || "";
  try {
    return { text, bytes: parseDetachKeys(text || DEFAULT_DETACH_KEYS) };
  } catch (error) {
    throw new CliError(`invalid detach keys (${text}): ${(error as Error).message}`);
  }
}

export interface AttachStreams {
  readonly stdin: boolean;
  readonly stdout: boolean;
  readonly stderr: boolean;
  readonly detachKeys: string;
}

/** Attaches to a container's streams: the answer is an upgraded connection. */
export function openAttach(context: Context, id: string, streams: AttachStreams): Promise<HttpResponse> {
  const { stdin, stdout, stderr } = streams;
  return context.client.request("POST", apiPath`/containers/${id}/attach`, {
    query: { stream: true, stdin, stdout, stderr, detachKeys: streams.detachKeys || undefined },
    headers: { "Content-Type": "text/plain" },
    upgrade: true,
  });
}

/** Docker's refusal of a terminal for the container where this process has none to give. */
export async function checkTty(attachStdin: boolean, tty: boolean): Promise<void> {
  if (!attachStdin || !tty) return;
  const { isTerminal } = await import("../../terminal/terminal.ts");
  if (!isTerminal(0)) throw new CliError("the input device is not a TTY");
}
