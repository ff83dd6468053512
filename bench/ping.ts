import { Agent, request } from "node:http";
import type { Contender } from "./contender.ts";

/** Milliseconds from one answer to the next question. */
const pause = 5;

/**
 * Asks the daemon for nothing, again and again on one connection, until `work` is done; gives the longest that an answer
 * took, in milliseconds. What keeps a daemon from answering keeps it from everything else, too.
 */
export async function slowestPing(on: Contender, work: () => Promise<unknown>): Promise<number> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  let over = false;
  const working = work().finally(() => {
    over = true;
  });
  let slowest = 0;
  try {
    while (!over) {
      slowest = Math.max(slowest, await ping(on, agent));
      await new Promise((resolve) => setTimeout(resolve, pause));
    }
    await working;
    return slowest;
  } finally {
    agent.destroy();
  }
}

function ping(on: Contender, agent: Agent): Promise<number> {
  return new Promise((resolve, reject) => {
    const began = performance.now();
    const asked = request({ agent, socketPath: on.socket, path: "/_ping" }, (answer) => {
      answer.resume();
      answer.once("end", () => resolve(performance.now() - began));
    });
    asked.once("error", reject);
    asked.end();
  });
}
