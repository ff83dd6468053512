import { spawn } from "node:child_process";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { closeSync, openSync } from "node:fs";
import { Socket } from "node:net";
import dnsPacket from "dns-packet";
import { inNetworkNamespace } from "../../../system/netlink/index.ts";
import { connectDatagram, openStream, sendTo } from "../../../system/sockets/index.ts";

const server = { address: "127.0.0.11", port: 53 };

/** A network namespace of its own with a process in it, and clients that ask the name server there. */
export interface ContainerNetwork {
  readonly pid: number;
  readonly namespace: string;
  inside<T>(work: () => T): T;
  /** Sends one packet, gives the next that comes. Rejects after two seconds. */
  send(packet: Uint8Array, to?: { address: string; port: number }): Promise<Buffer>;
  ask(name: string, type?: dnsPacket.RecordType, options?: AskOptions): Promise<dnsPacket.DecodedPacket>;
  /** The messages that come over one TCP connection for these bytes. */
  stream(bytes: Uint8Array, count: number): Promise<Buffer[]>;
  close(): void;
}

export interface AskOptions {
  readonly over?: "udp" | "tcp";
  /** With EDNS, for so many bytes. */
  readonly udpSize?: number;
}

export async function createContainerNetwork(): Promise<ContainerNetwork> {
  const child = spawn("unshare", ["-n", "sh", "-c", "ip link set lo up && echo ready && exec sleep 600"], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  await once(child.stdout, "data");
  const pid = child.pid ?? 0;
  const namespace = `/proc/${pid}/ns/net`;
  const fd = openSync(namespace, "r");
  const inside = <T>(work: () => T) => inNetworkNamespace(fd, work);
  const send: ContainerNetwork["send"] = async (packet, to = server) => {
    const socket = createSocket("udp4");
    const connected = inside(() => connectDatagram(to));
    try {
      socket.bind({ fd: connected, exclusive: true });
      const answer = once(socket, "message", { signal: AbortSignal.timeout(2000) });
      sendTo(connected, packet, undefined);
      return (await answer)[0] as Buffer;
    } finally {
      socket.close();
    }
  };
  const stream: ContainerNetwork["stream"] = async (bytes, count) => {
    const options = { fd: inside(() => openStream(server)), manualStart: true };
    const socket = new Socket(options).connect(server.port, server.address, () => socket.write(bytes));
    socket.setTimeout(4000, () => socket.destroy(new Error("no answer over TCP")));
    try {
      return await messages(socket, count);
    } finally {
      socket.destroy();
    }
  };
  return {
    pid,
    namespace,
    inside,
    send,
    stream,
    async ask(name, type = "A", { over = "udp", udpSize } = {}) {
      const packet = { id: 1 + Math.floor(Math.random() * 65_000), type: "query", flags: 256 } as const;
      const additionals = udpSize === undefined ? [] : [{ ...OPT, udpPayloadSize: udpSize }];
      const query = { ...packet, questions: [{ name, type }], additionals };
      if (over === "udp") return dnsPacket.decode(await send(dnsPacket.encode(query)));
      const [answer] = await stream(dnsPacket.streamEncode(query), 1);
      return dnsPacket.decode(answer ?? Buffer.alloc(0));
    },
    close() {
      closeSync(fd);
      child.kill("SIGKILL");
    },
  };
}

const OPT: dnsPacket.OptAnswer = {
  type: "OPT",
  name: ".",
  udpPayloadSize: 512,
  extendedRcode: 0,
  ednsVersion: 0,
  flags: 0,
  flag_do: false,
  options: [],
};

async function messages(socket: Socket, count: number): Promise<Buffer[]> {
  const found: Buffer[] = [];
  let rest = Buffer.alloc(0);
  for await (const data of socket) {
    rest = Buffer.concat([rest, data as Buffer]);
    for (; rest.length >= 2 && rest.length >= 2 + rest.readUInt16BE(0); ) {
      const end = 2 + rest.readUInt16BE(0);
      found.push(rest.subarray(2, end));
      rest = rest.subarray(end);
      if (found.length === count) return found;
    }
  }
  return found;
}

/** The addresses or names that an answer gives. */
export const dataOf = (answer: dnsPacket.DecodedPacket) =>
  (answer.answers ?? []).map((record) => ("data" in record ? String(record.data) : ""));
