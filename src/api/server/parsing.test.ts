import { Readable } from "node:stream";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { acceptedFilters, parseFilters } from "./filters.ts";
import { parseJson, readBody, readJson } from "./json-body.ts";
import { queryFlag, queryInt } from "./query.ts";
import { createRouter } from "./router.ts";
import { routes } from "./routes/index.ts";
import { parseApiTime } from "./timestamp.ts";
import { compareVersions, splitVersion, versionProblem } from "./versions.ts";

describe("versions", () => {
  it("compares by number", () => {
    expect(compareVersions("1.9", "1.10")).toBeLessThan(0);
    expect(compareVersions("1.41", "1.41")).toBe(0);
    expect(compareVersions("2", "1.99")).toBeGreaterThan(0);
    expect(compareVersions("1.41.0", "1.41")).toBe(0);
  });

  it("splits paths", () => {
    expect(splitVersion("/v1.41/info")).toEqual({ version: "1.41", path: "/info" });
    for (const path of ["/info", "/v1.41", "/vx/info", "/v1./info", "/1.41/info"])
      expect(splitVersion(path)).toEqual({ version: undefined, path });
  });

  it("serves a range", () => {
    expect(["1.24", "1.30", "1.51"].map(versionProblem)).toEqual([undefined, undefined, undefined]);
    expect(["1.23", "0.1", "1"].every((version) => versionProblem(version)?.includes("too old"))).toBe(true);
    expect(["1.52", "2.0", "1.100"].every((version) => versionProblem(version)?.includes("too new"))).toBe(true);
  });
});

describe("filters", () => {
  const read = (text: string | null) => Object.fromEntries(parseFilters(text, acceptedFilters.containers));
  it("reads both wire forms", () => {
    expect(read('{"label":["a=b","c"],"status":["running"]}')).toEqual({ label: ["a=b", "c"], status: ["running"] });
    expect(read('{"label":{"a=b":true,"c":true,"d":false}}')).toEqual({ label: ["a=b", "c"] });
    expect([read(null), read(""), read("{}"), read("null")]).toEqual([{}, {}, {}, {}]);
    expect(read('{"name":null}')).toEqual({ name: [] });
  });

  it.each([
    ['{"foo":["x"]}', "invalid filter 'foo'"],
    ["zzz", "invalid filter"],
    ["{", "invalid filter"],
    ["[]", "invalid filter"],
    ["3", "invalid filter"],
    ['{"name":"x"}', "invalid filter"],
    ['{"name":[1]}', "invalid filter"],
    ['{"name":{"x":1}}', "invalid filter"],
    ['{"__proto__":["x"]}', "invalid filter '__proto__'"],
    [`{"name":["${"x".repeat(300_000)}"]}`, "invalid filter"],
  ])("refuses %.40s", (text, message) => {
    expect(() => read(text)).toThrow(message);
  });
});

describe("query values", () => {
  it("has Docker's booleans", () => {
    const flag = (text: string) => queryFlag(new URLSearchParams(text), "x");
    expect(["x=1", "x=true", "x=True", "x=yes", "x=anything"].every(flag)).toBe(true);
    expect(["", "x=", "x=0", "x=no", "x=false", "x=None", "x=%20FALSE%20"].some(flag)).toBe(false);
  });

  it("has Go's integers", () => {
    const int = (text: string) => queryInt(new URLSearchParams({ x: text }), "x");
    expect([int("5"), int("-1"), int("+3"), int("")]).toEqual([5, -1, 3, undefined]);
    expect(() => int("zz")).toThrow('strconv.Atoi: parsing "zz": invalid syntax');
    expect(() => int("1.5")).toThrow("invalid syntax");
    expect(() => int("99999999999")).toThrow("value out of range");
  });

  it("has times as the API writes them", () => {
    const time = (text: string | null) => parseApiTime(text, "since");
    expect(time("1795214633")).toBe(1795214633000000000n);
    expect(time("1795214633.000000001")).toBe(1795214633000000001n);
    expect(time("2026-11-20T22:45:10.5Z")).toBe(1795214710500000000n);
    expect([time(null), time("")]).toEqual([undefined, undefined]);
    expect(() => time("yesterday")).toThrow('invalid value for "since"');
  });
});

describe("JSON bodies", () => {
  it.each([
    ["", "invalid JSON: got EOF while reading request body"],
    ["  \n", "invalid JSON: got EOF while reading request body"],
    ["{", "invalid JSON: unexpected EOF"],
    ['{"a":"b', "invalid JSON: unexpected EOF"],
    ['{"a":tru', "invalid JSON: unexpected EOF"],
    ["{} {}", "unexpected content after JSON"],
    ["zz", 'invalid JSON: invalid character "z"'],
    ["{a:1}", 'invalid JSON: invalid character "a" at offset 1'],
  ])("%j is refused with Docker's text", (text, message) => {
    expect(() => parseJson(Buffer.from(text))).toThrow(message);
  });

  it("has a rule for the content type", async () => {
    const json = (headers: Record<string, string>, text = "{}") =>
      readJson(Readable.from([Buffer.from(text)]), headers);
    const length = { "content-length": "2" };
    expect(await json({})).toBeUndefined();
    expect(await json({ ...length, "content-type": "application/json; charset=utf-8" })).toEqual({});
    expect(await json({ "transfer-encoding": "chunked", "content-type": "Application/JSON" })).toEqual({});
    await expect(json({ ...length, "content-type": "text/plain" })).rejects.toThrow(
      "unsupported Content-Type header (text/plain): must be 'application/json'",
    );
    await expect(json(length)).rejects.toThrow("malformed Content-Type header (): mime: no media type");
  });

  it("has a limit, and does not wait for ever for a client that has gone", async () => {
    await expect(readBody(Readable.from([Buffer.alloc(6), Buffer.alloc(5)]), 10)).rejects.toThrow(
      "larger than 10 bytes",
    );
    expect((await readBody(Readable.from([Buffer.alloc(5), Buffer.alloc(5)]), 10)).length).toBe(10);
    const gone = new Readable({ read() {} });
    const read = readBody(gone, 10);
    gone.destroy();
    await expect(read).rejects.toThrow("ended early");
  });

  it("any bytes give a value or a clear error", () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), fc.nat(60), (text, cut) => {
        try {
          parseJson(Buffer.from(text.slice(0, text.length - cut)));
        } catch (error) {
          expect((error as Error).name).toBe("BerthError");
        }
      }),
    );
  });
});

describe("the route table", () => {
  const router = createRouter(routes);
  const path = (method: string, text: string) => router.match(method, text)?.route.path;
  it.each([
    ["GET", "/images/json", "/images/json"],
    ["GET", "/images/a/b/c:tag/json", "/images/{name...}/json"],
    ["GET", "/images/reg:5000/a@sha256:ff/history", "/images/{name...}/history"],
    ["GET", "/images/get", "/images/get"],
    ["GET", "/images/a/b/get", "/images/{name...}/get"],
    ["POST", "/images/prune", "/images/prune"],
    ["POST", "/images/a/push", "/images/{name...}/push"],
    ["DELETE", "/images/a/b", "/images/{name...}"],
    ["GET", "/containers/json", "/containers/json"],
    ["GET", "/containers/x/json", "/containers/{id}/json"],
    ["POST", "/containers/x/attach", "/containers/{id}/attach"],
    ["DELETE", "/containers/x", "/containers/{id}"],
    ["GET", "/volumes/x", "/volumes/{name...}"],
    ["POST", "/swarm/init", "/swarm/init"],
    ["POST", "/swarm/leave", "/swarm/{rest...}"],
  ])("%s %s is %s", (method, text, pattern) => {
    expect(path(method, text)).toBe(pattern);
  });

  it("does not know others, whatever they are", () => {
    expect(path("GET", "/containers/x/y/json")).toBeUndefined();
    expect(path("GET", "/containers//json")).toBeUndefined();
    expect(path("PATCH", "/containers/x")).toBeUndefined();
    expect(path("GET", "/containersXjson")).toBeUndefined();
    fc.assert(fc.property(fc.webPath(), fc.string(), (text, method) => void router.match(method, text)));
  });

  it("has no route twice", () => {
    const seen = routes.map((route) => `${route.method} ${route.path}`);
    expect(new Set(seen).size).toBe(seen.length);
  });
});
