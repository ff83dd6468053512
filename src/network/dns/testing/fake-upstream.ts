import { createSocket } from "node:dgram";
import { once } from "node:events";
import { createServer } from "node:net";
import dnsPacket from "dns-packet";

/** What a fake upstream server does with a query; what it gives is sent as it is. */
export type Behaviour = (query: dnsPacket.DecodedPacket, over: "udp" | "tcp") => Uint8Array[];

export interface FakeUpstream {
  readonly address: string;
  readonly port: number;
  /** The names that it was asked for. */
  readonly asked: string[];
  behave(behaviour: Behaviour): void;
  close(): void;
}

/** An answer to `query` with these addresses; `change` spoils it. */
export function reply(query: dnsPacket.DecodedPacket, addresses: string[], change: dnsPacket.Packet = {}): Buffer {
  const name = query.questions?.[0]?.name ?? "";
  const answers = addresses.map((data) => ({ type: "A" as const, name, data, ttl: 9 }));
  return dnsPacket.encode({
    id: query.id ?? 0,
    type: "response",
    questions: query.questions ?? [],
    answers,
    ...change,
  });
}

/** Answers UDP and TCP on a port of 127.0.0.1; what `answer` gives, unless told to behave otherwise. */
export async function createFakeUpstream(address: string): Promise<FakeUpstream> {
  const asked: string[] = [];
  let behaviour: Behaviour = (query) => [reply(query, [address])];
  const respond = (bytes: Buffer, over: "udp" | "tcp") => {
    const query = dnsPacket.decode(bytes);
    asked.push(query.questions?.[0]?.name ?? "");
    return behaviour(query, over);
  };
  const streams = createServer((socket) => {
    socket.on("error", () => {});
    socket.once("data", (data) => {
      const answers = respond(data.subarray(2), "tcp");
      if (answers.length === 0) socket.destroy();
      for (const each of answers) {
        const size = Buffer.alloc(2);
        size.writeUInt16BE(each.length);
        // In two parts, as networks do.
        socket.write(Buffer.concat([size, each.subarray(0, 5)]), () => socket.write(each.subarray(5)));
      }
    });
  });
  streams.listen(0, "127.0.0.1");
  await once(streams, "listening");
  const { port } = streams.address() as { port: number };
  const datagrams = createSocket("udp4", (bytes, from) => {
    for (const each of respond(bytes, "udp")) datagrams.send(each, from.port, from.address);
  });
  datagrams.bind(port, "127.0.0.1");
  await once(datagrams, "listening");
  return {
    address: "127.0.0.1",
    port,
    asked,
    behave(next) {
      behaviour = next;
    },
    close() {
      streams.close();
      datagrams.close();
    },
  };
}
