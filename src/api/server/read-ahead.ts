import type { Socket } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import type { Hijacked } from "./hijack.ts";

/** How many bytes the peer of a socket has not read yet; the daemon gives it, as it asks the kernel. */
export type UnreadBytes = (fd: number) => number;

/** python3-docker and the docker-compose that is built on it. */
const readsAhead = /docker-sdk-python|docker-py|^docker-compose\/1\./;
const STEP_MS = 1;
const PATIENCE_MS = 1_000;
/** Where nothing tells whether the head was read. */
const BLIND_MS = 50;

/**
 * Resolves when output may follow the head. At once, but for clients made with Python's http.client: that reads ahead
 * into a buffer of its own, then hands over the bare socket, and what came together with the head is lost. For them it
 * waits until the head has been read.
 */
export async function headWasRead({ request, socket }: Hijacked, unread: UnreadBytes | undefined): Promise<void> {
  if (!readsAhead.test(request.headers["user-agent"] ?? "")) return;
  const { remoteAddress, _handle: handle } = socket as Socket & { _handle?: { fd?: number } | null };
  if (unread === undefined || remoteAddress !== undefined || handle?.fd === undefined) {
    await delay(BLIND_MS);
    return;
  }
  for (let waited = 0; waited < PATIENCE_MS && !socket.destroyed && unreadNow(unread, handle.fd) > 0; waited += STEP_MS)
    await delay(STEP_MS);
}

function unreadNow(unread: UnreadBytes, fd: number): number {
  try {
    return unread(fd);
  } catch {
    return 0;
  }
}
