import type { UpstreamServer } from "../names/index.ts";
import { Rcode, rcodeOf } from "../wire/index.ts";

/** Hears how one question to one server ends; at most one of them is called, once, and never during `ask`. */
export interface AskListener {
  reply(packet: Buffer): void;
  /** Refused or unreachable: nothing will come. */
  failed(): void;
}

/** Sends the question to a server. The result stops listening. */
export type Ask = (server: UpstreamServer, listener: AskListener) => () => void;

export interface ExchangeOptions {
  readonly tries: readonly UpstreamServer[];
  /** After so long without an answer the next server is asked too. */
  readonly patienceMs: number;
  /** After so long it is over. */
  readonly totalMs: number;
  readonly onSlow?: (server: UpstreamServer) => void;
}

/**
 * Asks one server after the other until one has an answer. A server that was asked and is slow may still answer while
 * the next is asked. One that fails, or says that it cannot (SERVFAIL) or will not (REFUSED), is passed over; where all
 * do, the last word of theirs is the result, undefined without any.
 */
export function exchange(ask: Ask, options: ExchangeOptions): Promise<Buffer | undefined> {
  const { tries, patienceMs, totalMs, onSlow } = options;
  return new Promise((resolve) => {
    const stops: (() => void)[] = [];
    const useless = new Set<UpstreamServer>();
    let waiting = 0;
    let next = 0;
    let last: Buffer | undefined;
    let patience: NodeJS.Timeout | undefined;
    const finish = (packet: Buffer | undefined) => {
      clearTimeout(patience);
      clearTimeout(end);
      for (const stop of stops) stop();
      resolve(packet);
    };
    const end = setTimeout(() => finish(last), totalMs);

    const step = () => {
      clearTimeout(patience);
      while (next < tries.length) {
        const server = tries[next++];
        if (server === undefined || useless.has(server)) continue;
        begin(server);
        return;
      }
      if (waiting === 0) finish(last);
      else patience = setTimeout(() => finish(last), patienceMs);
    };
    const begin = (server: UpstreamServer) => {
      waiting++;
      const over = () => {
        waiting--;
        useless.add(server);
        step();
      };
      patience = setTimeout(() => {
        onSlow?.(server);
        step();
      }, patienceMs);
      stops.push(
        ask(server, {
          reply(packet) {
            const rcode = rcodeOf(packet);
            if (rcode !== Rcode.serverFailure && rcode !== Rcode.refused) return finish(packet);
            last = packet;
            over();
          },
          failed: over,
        }),
      );
    };
    step();
  });
}
