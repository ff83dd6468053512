import type { Socket } from "node:net";
import type { SshAgent } from "../ssh.ts";
import type { BuildConnection } from "./build-connection.ts";

/** Carries the build's requests to the user's ssh agents: one connection to the agent for each channel. */
export class SshChannels {
  readonly #agents: readonly SshAgent[];
  readonly #connection: BuildConnection;
  readonly #sockets = new Map<number, Socket>();
  readonly #names = new Map<number, string>();

  constructor(agents: readonly SshAgent[], connection: BuildConnection) {
    this.#agents = agents;
    this.#connection = connection;
  }

  /** Says which agent a channel is for; the first one without it. */
  announce(channel: number, id: string): void {
    this.#names.set(channel, id);
  }

  /** Bytes for a channel's agent; none close it. */
  receive(channel: number, data: Buffer): void {
    const socket = this.#sockets.get(channel) ?? this.#open(channel);
    if (data.length === 0) socket?.end();
    else socket?.write(data);
  }

  close(): void {
    for (const socket of this.#sockets.values()) socket.destroy();
  }

  #open(channel: number): Socket | undefined {
    const name = this.#names.get(channel);
    const agent = name === undefined ? this.#agents[0] : this.#agents.find(({ id }) => id === name);
    if (agent === undefined) {
      this.#connection.sendSsh(channel, Buffer.alloc(0));
      return undefined;
    }
    const socket = process.getBuiltinModule("node:net").connect(agent.socket);
    this.#sockets.set(channel, socket);
    socket.on("data", (chunk: Buffer) => this.#connection.sendSsh(channel, chunk));
    socket.on("error", () => undefined);
    socket.on("close", () => {
      this.#sockets.delete(channel);
      this.#connection.sendSsh(channel, Buffer.alloc(0));
    });
    return socket;
  }
}
