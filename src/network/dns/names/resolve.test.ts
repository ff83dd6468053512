import { isIPv6 } from "node:net";
import dnsPacket from "dns-packet";
import fc from "fast-check";
import { expect, test } from "vitest";
import { createNameTable, nameKey } from "./name-table.ts";
import type { NameView } from "./name-view.ts";
import { respond } from "./respond.ts";

const app = createNameTable("App_net");
app.set("1", { names: ["db", "0123456789ab", "Db-Host", "shared"], addresses: ["10.1.0.2"] });
app.set("2", { names: ["web", "shared"], addresses: ["10.1.0.3", "fd00::3"] });
app.set("3", { names: ["six"], addresses: ["fd00::4"] });
app.set("4", { names: ["dots.in.name", "bücher"], addresses: ["10.1.0.5"] });
const back = createNameTable("back.end");
back.set("1", { names: ["db"], addresses: ["10.2.0.2"] });
back.set("5", { names: ["only"], addresses: ["10.2.0.9", "::ffff:1.2.3.4"] });

const view: NameView = {
  networks: () => [{ table: app, links: new Map([[nameKey("Store"), nameKey("db")]]) }, { table: back }],
  upstreams: () => ({ servers: [], external: true, ndotsSet: true }),
};

type QueryOptions = { id?: number; flags?: number; additionals?: dnsPacket.Answer[]; limit?: number };
function ask(name: string, type: dnsPacket.RecordType, options: QueryOptions = {}) {
  const { limit = 4096, ...packet } = options;
  const bytes = dnsPacket.encode({ id: 7, type: "query", flags: 256, questions: [{ name, type }], ...packet });
  const out = Buffer.alloc(limit);
  const response = respond(bytes, bytes.length, view, out, "udp");
  if (response === undefined) return undefined;
  return "forward" in response ? "forward" : dnsPacket.decode(out.subarray(0, response.length));
}

const OPT: dnsPacket.Answer = {
  type: "OPT",
  name: ".",
  udpPayloadSize: 4096,
  extendedRcode: 0,
  ednsVersion: 0,
  flags: 0x8000,
  flag_do: true,
  options: [],
};

function data(name: string, type: dnsPacket.RecordType) {
  const answer = ask(name, type);
  if (answer === undefined || answer === "forward") return answer;
  expect(answer).toMatchObject({ id: 7, type: "response", rcode: "NOERROR", flag_rd: true, flag_ra: true });
  expect(answer.questions).toMatchObject([{ name, type }]);
  return (answer.answers ?? []).map((record) => ("data" in record ? String(record.data) : ""));
}

test("names, aliases, short ids, host names, and NAME.NETWORK, in any case", () => {
  for (const name of ["db", "DB", "0123456789ab", "db-host", "db.app_net", "DB.App_Net", "Store", "store.app_net"]) {
    expect(data(name, "A"), name).toEqual(["10.1.0.2"]);
  }
  expect(data("db.back.end", "A")).toEqual(["10.2.0.2"]);
  expect(data("only", "A")).toEqual(["10.2.0.9"]);
  expect(data("dots.in.name", "A")).toEqual(["10.1.0.5"]);
  expect(data("dots.in.name.app_net", "A")).toEqual(["10.1.0.5"]);
  expect(data("bücher", "A")).toEqual(["10.1.0.5"]);
  expect(data("six", "AAAA")).toEqual(["fd00::4"]);
});

test("a known name has no records of other types, and is not forwarded for them", () => {
  for (const type of ["AAAA", "MX", "TXT", "SRV", "UNKNOWN_65"] as const) {
    expect(data("db", type as dnsPacket.RecordType), type).toEqual([]);
  }
  expect(data("six", "A")).toEqual([]);
  expect(data("web", "ANY" as dnsPacket.RecordType)).toHaveLength(2);
});

test("what the tables do not know is forwarded; without a dot only where ndots is not set", () => {
  expect(data("example.com", "A")).toBe("forward");
  expect(data("db.other", "A")).toBe("forward");
  expect(data("unknown", "MX")).toBe("forward");
  expect(data("unknown", "A")).toEqual([]);
  expect(data("1.0.1.10.in-addr.arpa", "PTR")).toBe("forward");
});

test("reverse look-ups give the container's name on the network", () => {
  expect(data("2.0.1.10.in-addr.arpa", "PTR")).toEqual(["db.app_net"]);
  expect(data("2.0.2.10.IN-ADDR.ARPA", "PTR")).toEqual(["db.back.end"]);
  const six = "4.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.d.f.ip6.arpa";
  expect(data(six, "PTR")).toEqual(["six.app_net"]);
  for (const odd of ["2.0.1.010.in-addr.arpa", "0.1.10.in-addr.arpa", "256.0.1.10.in-addr.arpa", "x.ip6.arpa"]) {
    expect(data(odd, "PTR"), odd).toBe("forward");
  }
});

test("several addresses come in turn", () => {
  const firsts = [1, 2, 3, 4].map(() => data("shared", "A")?.[0]);
  expect(new Set(firsts)).toEqual(new Set(["10.1.0.2", "10.1.0.3"]));
  expect(firsts[0]).toBe(firsts[2]);
  expect(firsts[0]).not.toBe(firsts[1]);
});

test("names go with their endpoint, and shared ones stay with the others", () => {
  const table = createNameTable("n");
  table.set("a", { names: ["one", "both"], addresses: ["10.0.0.1"] });
  table.set("b", { names: ["two", "both"], addresses: ["10.0.0.2"] });
  expect(table.lookup("both")?.v4).toHaveLength(2);
  table.delete("a");
  expect(table.lookup("one")).toBeUndefined();
  expect(table.lookup("both")?.v4).toEqual([Uint8Array.of(10, 0, 0, 2)]);
  expect(table.reverse(Uint8Array.of(10, 0, 0, 1))).toBeUndefined();
  table.set("b", { names: ["new"], addresses: [] });
  expect(table.lookup("two")).toBeUndefined();
  expect(table.lookup("new")).toMatchObject({ v4: [], v6: [] });
  expect(() => table.set("b", { names: ["x"], addresses: ["10.0.0.0/8"] })).toThrow("invalid IP address");
  expect(table.lookup("new")).toBeDefined();
});

test("sizes: 512 bytes without EDNS, what the client says with it; the answer tells that it was cut", () => {
  const many = createNameTable("many");
  for (let i = 0; i < 100; i++) many.set(String(i), { names: ["svc"], addresses: [`10.0.1.${i}`] });
  const crowd: NameView = { ...view, networks: () => [{ table: many }] };
  const get = (additionals: dnsPacket.Answer[], over: "udp" | "tcp") => {
    const packet = dnsPacket.encode({ id: 1, type: "query", questions: [{ name: "svc", type: "A" }], additionals });
    const out = Buffer.alloc(4096);
    const response = respond(packet, packet.length, crowd, out, over);
    const length = response !== undefined && "length" in response ? response.length : 0;
    return { length, answer: dnsPacket.decode(out.subarray(0, length)) };
  };
  const plain = get([], "udp");
  expect(plain.length).toBeLessThanOrEqual(512);
  expect(plain.answer.flag_tc).toBe(true);
  expect(plain.answer.answers).toHaveLength(Math.floor((512 - 21) / 16));
  const edns = get([OPT], "udp");
  expect(edns.answer.flag_tc).toBe(false);
  expect(edns.answer.answers).toHaveLength(100);
  expect(edns.answer.additionals).toMatchObject([{ type: "OPT", udpPayloadSize: 1232, flag_do: true }]);
  expect(get([], "tcp").answer.answers).toHaveLength(100);
});

test("EDNS of a later version is BADVERS", () => {
  const answer = ask("db", "A", { additionals: [{ ...OPT, ednsVersion: 1 } as dnsPacket.Answer] });
  expect(answer).toMatchObject({ rcode: "NOERROR", additionals: [{ type: "OPT", extendedRcode: 1 }], answers: [] });
});

test("other operations and several questions are refused, answers are ignored", () => {
  expect(ask("db", "A", { flags: 0x2800 })).toMatchObject({ rcode: "NOTIMP", questions: [] });
  const out = Buffer.alloc(512);
  const two = dnsPacket.encode({
    id: 1,
    type: "query",
    questions: [
      { name: "a", type: "A" },
      { name: "b", type: "A" },
    ],
  });
  expect(respond(two, two.length, view, out, "udp")).toEqual({ length: 12 });
  expect(dnsPacket.decode(out.subarray(0, 12))).toMatchObject({ rcode: "FORMERR" });
  const answer = dnsPacket.encode({ id: 1, type: "response", questions: [{ name: "db", type: "A" }] });
  expect(respond(answer, answer.length, view, out, "udp")).toBeUndefined();
});

test("any bytes give an answer that fits, or none", () => {
  const out = Buffer.alloc(512);
  const query = dnsPacket.encode({ id: 9, type: "query", questions: [{ name: "db", type: "A" }], additionals: [OPT] });
  const mangled = fc
    .array(fc.tuple(fc.nat({ max: query.length - 1 }), fc.nat({ max: 255 })), { maxLength: 6 })
    .map((changes) => {
      const bytes = Buffer.from(query);
      for (const [at, value] of changes) bytes[at] = value;
      return bytes;
    });
  const noise = fc.uint8Array({ maxLength: 600 }).map((bytes) => Buffer.from(bytes));
  fc.assert(
    fc.property(fc.oneof(noise, mangled), fc.nat({ max: 600 }), (packet, cut) => {
      const length = Math.min(packet.length, cut);
      const response = respond(packet, length, view, out, "udp");
      if (response === undefined || "forward" in response) return;
      expect(response.length).toBeLessThanOrEqual(512);
      expect(out.readUInt16BE(0)).toBe(packet.readUInt16BE(0));
      expect(out.readUInt8(2) & 0x80).toBe(0x80);
    }),
    { numRuns: 2000 },
  );
});

test("names and addresses as dns-packet reads them", () => {
  // dns-packet misreads "::0:0", which is legal: it gets the usual form.
  const ipV6 = fc
    .ipV6()
    .filter(isIPv6)
    .map((text) => new URL(`http://[${text}]`).hostname.slice(1, -1));
  const label = fc.stringMatching(/^[a-z0-9_][a-z0-9_-]{0,20}$/);
  fc.assert(
    fc.property(fc.uniqueArray(label, { minLength: 1, maxLength: 4 }), fc.ipV4(), ipV6, (names, v4, v6) => {
      const table = createNameTable("net");
      table.set("e", { names, addresses: [v4, v6] });
      const alone: NameView = { ...view, networks: () => [{ table }] };
      for (const [name, type] of names.flatMap(
        (each) =>
          [
            [each, "A"],
            [`${each}.net`, "AAAA"],
          ] as const,
      )) {
        const packet = dnsPacket.encode({ id: 3, type: "query", questions: [{ name, type }] });
        const out = Buffer.alloc(512);
        const response = respond(packet, packet.length, alone, out, "udp");
        const answer = dnsPacket.decode(
          out.subarray(0, response !== undefined && "length" in response ? response.length : 0),
        );
        const expected = dnsPacket.encode({
          type: "response",
          answers: [{ name, type, data: type === "A" ? v4 : v6 }],
        });
        const same = dnsPacket.decode(expected).answers?.[0];
        expect(answer.answers?.[0]).toMatchObject({
          name,
          type,
          data: same !== undefined && "data" in same ? same.data : "",
        });
      }
    }),
  );
});
