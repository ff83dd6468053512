import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ResponseParser } from "./response-parser.ts";

/** Feeds the pieces and gives what was told, a line for each thing. */
function told(
  pieces: readonly Buffer[],
  options: { raw?: boolean; noBody?: boolean } = {},
): { events: string[]; ended: boolean } {
  const events: string[] = [];
  let body = "";
  const parser = new ResponseParser({
    head: ({ status, headers }) => {
      events.push(`${status} ${headers.get("x") ?? ""}`);
      return options.raw ? "raw" : "http";
    },
    body: (chunk) => {
      body += chunk.toString("latin1");
    },
    end: () => {
      events.push(`body ${body}`);
      body = "";
    },
  });
  if (options.noBody) parser.expectNoBody();
  for (const piece of pieces) parser.feed(piece);
  return { events, ended: parser.finish() };
}

const bytes = (text: string) => [Buffer.from(text, "latin1")];

describe("bodies", () => {
  test("by Content-Length, one response after the other", () => {
    const text =
      "HTTP/1.1 200 OK\r\nX: a\r\nContent-Length: 3\r\n\r\nabcHTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n";
    expect(told(bytes(text))).toEqual({ events: ["200 a", "body abc", "404 ", "body "], ended: true });
  });
  test("chunked, with extensions and trailers", () => {
    const text =
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\nA\r\n0123456789\r\n0\r\nT: 1\r\n\r\n";
    expect(told(bytes(text)).events).toEqual(["200 ", "body abc0123456789"]);
  });
  test("until the connection closes", () => {
    expect(told(bytes("HTTP/1.0 200 OK\r\n\r\nabc")).events).toEqual(["200 ", "body abc"]);
  });
  test("raw after an upgrade, whatever it looks like", () => {
    const text = "HTTP/1.1 101 UPGRADED\r\nContent-Length: 1\r\n\r\nHTTP/1.1 200";
    expect(told(bytes(text), { raw: true }).events).toEqual(["101 ", "body HTTP/1.1 200"]);
  });
  test("none for HEAD, 204 and 304; 100 is passed over", () => {
    expect(told(bytes("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n"), { noBody: true }).events).toEqual([
      "200 ",
      "body ",
    ]);
    expect(told(bytes("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n")).events).toEqual([
      "204 ",
      "body ",
    ]);
  });
  test("cut short is not a proper end", () => {
    expect(told(bytes("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab")).ended).toBe(false);
    expect(told(bytes("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab")).ended).toBe(false);
    expect(told(bytes("HTTP/1.1 200")).ended).toBe(false);
  });
});

test("the same events however the bytes are cut", () => {
  const chunks = fc.array(
    fc.string({ minLength: 1, maxLength: 40 }).map((text) => Buffer.from(text)),
    { maxLength: 6 },
  );
  fc.assert(
    fc.property(chunks, fc.array(fc.nat(400), { maxLength: 12 }), fc.boolean(), (parts, cuts, chunked) => {
      const body = Buffer.concat(parts);
      const head = chunked ? "Transfer-Encoding: chunked" : `Content-Length: ${body.length}`;
      const framed = chunked
        ? Buffer.concat([
            ...parts.flatMap((part) => [Buffer.from(`${part.length.toString(16)}\r\n`), part, Buffer.from("\r\n")]),
            Buffer.from("0\r\n\r\n"),
          ])
        : body;
      const all = Buffer.concat([Buffer.from(`HTTP/1.1 200 OK\r\n${head}\r\n\r\n`), framed]);
      const points = [...new Set([0, ...cuts.map((cut) => cut % (all.length + 1)), all.length])].sort((a, b) => a - b);
      const pieces = points.slice(1).map((end, index) => all.subarray(points[index], end));
      expect(told(pieces)).toEqual({ events: ["200 ", `body ${body.toString("latin1")}`], ended: true });
    }),
    { numRuns: 200 },
  );
});

test.each([
  ["no HTTP", "SSH-2.0-OpenSSH\r\n\r\n"],
  ["a header without a name", "HTTP/1.1 200 OK\r\n: x\r\n\r\n"],
  ["a negative length", "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n"],
  ["an endless header", `HTTP/1.1 200 OK\r\nX: ${"a".repeat(300_000)}`],
  ["a chunk size that is none", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"],
  ["a chunk size without end", `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${"0".repeat(2000)}`],
  ["a chunk longer than it said", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nabc\r\n"],
])("%s is refused", (_, text) => expect(() => told(bytes(text))).toThrow(/malformed HTTP response/));
