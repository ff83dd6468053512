import { isatty } from "node:tty";
import { type HttpResponse, readJsonStream } from "../../api/client/index.ts";
import { escapeForTerminal } from "../../lib/text/index.ts";
import type { JSONMessage } from "../../spec/api/index.ts";
import { CliError } from "../core/cli-error.ts";
import type { Output } from "../core/output.ts";
import { progressBar } from "./progress-bar.ts";

/** What a display has shown: the line of each layer's bar, counted from the first. */
interface Display {
  readonly output: Output;
  readonly terminal: boolean;
  readonly width: number;
  readonly lines: Map<string, number>;
}

/**
 * Shows a stream of progress messages as Docker does: on a terminal one line for each layer, rewritten in place;
 * elsewhere a line for each change of status. An error in the stream is thrown. `onAux` gets what is not to be shown.
 */
export async function showProgress(
  response: HttpResponse,
  output: Output,
  onAux: (message: JSONMessage) => void = () => undefined,
): Promise<void> {
  const terminal = output.fd >= 0 && isatty(output.fd);
  const width = terminal ? (process.stdout.columns ?? process.stderr.columns ?? 80) : 200;
  const display: Display = { output, terminal, width, lines: new Map() };
  let failure: CliError | undefined;
  await readJsonStream<JSONMessage>(response, (message) => {
    const error = message.errorDetail?.message ?? message.error;
    if (error !== undefined) {
      if (message.errorDetail?.code === 401) failure = new CliError("authentication is required");
      else
        failure ??= new CliError(
          error,
          message.errorDetail?.code && message.errorDetail.code < 256 ? message.errorDetail.code : 1,
        );
      return;
    }
    if (message.aux === undefined) show(display, message);
    else onAux(message);
  });
  if (failure !== undefined) throw failure;
}

function show(display: Display, message: JSONMessage): void {
  const { id, progressDetail } = message;
  if (!id || progressDetail === undefined) {
    display.lines.clear();
    display.output.write(lineText(display, message));
    return;
  }
  if (!display.terminal) {
    if (progressBar(progressDetail, 200) === "") display.output.write(lineText(display, message));
    return;
  }
  const isNew = !display.lines.has(id);
  const line = display.lines.get(id) ?? display.lines.size;
  display.lines.set(id, line);
  const up = display.lines.size - line;
  display.output.write(`${isNew ? "\n" : ""}\u001b[${up}A\u001b[2K\r${lineText(display, message)}\u001b[${up}B`);
}

function lineText({ terminal, width }: Display, message: JSONMessage): string {
  const { id, progressDetail, stream } = message;
  const bar = progressDetail === undefined ? "" : progressBar(progressDetail, width);
  const clean = (text: string) => (terminal ? escapeForTerminal(text) : text);
  const prefix = id ? `${clean(id)}: ` : "";
  if (stream !== undefined && stream !== "")
    return prefix + (terminal ? escapeForTerminal(stream, { lines: true }) : stream);
  const end = terminal && progressDetail !== undefined && id ? "\r" : "\n";
  return `${prefix}${clean(message.status ?? "")}${end === "\r" || bar !== "" ? ` ${bar}` : ""}${end}`;
}
