import { chmodSync, chownSync } from "node:fs";
import { createServer, type Socket } from "node:net";
import type { Duplex } from "node:stream";
import { invalid, type UndoStack } from "../../../lib/index.ts";
import type { SshRunMount } from "./step.ts";
import type { StepPlace } from "./step-place.ts";

/** Connections that one step has open to an agent at once, at most. */
const LIMIT = 64;

export interface SshSockets {
  readonly binds: { source: string; target: string }[];
  readonly env: string[];
}

/** Serves the client's agents on sockets for the step; SSH_AUTH_SOCK names the first. */
export async function placeSshSockets(
  place: StepPlace,
  mounts: readonly SshRunMount[],
  undo: UndoStack,
): Promise<SshSockets> {
  const binds: SshSockets["binds"] = [];
  for (const mount of mounts) {
    const { connect, id } = mount;
    if (connect === undefined) {
      if (mount.required) throw invalid(`no SSH key ${JSON.stringify(id)} forwarded from the client`);
      continue;
    }
    const source = place.next("ssh");
    await serve(source, connect, undo);
    chownSync(source, mount.uid ?? 0, mount.gid ?? 0);
    chmodSync(source, mount.mode ?? 0o600);
    binds.push({ source, target: mount.target ?? `/run/buildkit/ssh_agent.${binds.length}` });
  }
  const [first] = binds;
  return { binds, env: first === undefined ? [] : [`SSH_AUTH_SOCK=${first.target}`] };
}

async function serve(path: string, connect: () => Promise<Duplex>, undo: UndoStack): Promise<void> {
  const open = new Set<Duplex>();
  const server = createServer({ allowHalfOpen: true }, (socket) => void forward(socket, connect, open));
  server.maxConnections = LIMIT;
  server.on("error", () => {});
  undo.push("close the agent's socket", () => {
    server.close();
    for (const stream of open) stream.destroy();
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(path, resolve);
  });
}

async function forward(socket: Socket, connect: () => Promise<Duplex>, open: Set<Duplex>): Promise<void> {
  watch(socket, open, () => {});
  try {
    const agent = await connect();
    watch(agent, open, () => socket.destroy());
    socket.on("close", () => agent.destroy());
    if (socket.destroyed) return void agent.destroy();
    socket.pipe(agent);
    agent.pipe(socket);
  } catch {
    socket.destroy(); // the client has gone, or has no agent any more
  }
}

function watch(stream: Duplex, open: Set<Duplex>, onClose: () => void): void {
  open.add(stream);
  stream.on("error", () => stream.destroy());
  stream.on("close", () => {
    open.delete(stream);
    onClose();
  });
}
