import { apiPath, type HttpResponse } from "../../api/client/index.ts";
import type { Context } from "../core/context.ts";
import { carry, type SessionEnd } from "./hijack.ts";
import { followSize } from "./resize.ts";
import { forwardSignals } from "./signals.ts";
import { isTerminal } from "./terminal.ts";

export interface SessionOptions {
  readonly stdin: boolean;
  readonly stdout: boolean;
  readonly stderr: boolean;
  readonly tty: boolean;
  readonly detachKeys: readonly number[];
  /** Whether signals that this process gets go to the container. */
  readonly sigProxy: boolean;
  readonly container: string;
}

/** This process and a container's process, joined. */
export interface Session {
  readonly end: Promise<SessionEnd>;
  /** The process runs: its terminal can be given a size. */
  started(): void;
  /** Stops everything and puts the terminal back. */
  close(): void;
}

/** Joins this process's streams, signals and window to an attached container. */
export function openSession(context: Context, attached: HttpResponse, options: SessionOptions): Session {
  const path = apiPath`/containers/${options.container}`;
  const undo: (() => void)[] = [];
  if (options.sigProxy) {
    undo.push(
      forwardSignals((signal) => {
        context.client.call("POST", `${path}/kill`, { query: { signal } }).catch(() => undefined);
      }),
    );
  }
  const end = carry(attached, {
    stdin: options.stdin,
    out: options.stdout ? context.out : undefined,
    // With a terminal there is one stream, and it is the output.
    err: options.stderr ? context.err : undefined,
    tty: options.tty,
    detachKeys: options.detachKeys,
  });
  end.catch(() => undefined);
  return {
    end,
    started: () => {
      if (options.tty && isTerminal(1))
        undo.push(followSize((size) => context.client.call("POST", `${path}/resize`, { query: size })));
    },
    close: () => {
      for (const stop of undo) stop();
    },
  };
}
