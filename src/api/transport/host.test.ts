import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { DEFAULT_SOCKET, formatHost, type Host, isLoopback, parseHost } from "./host.ts";

describe("parseHost", () => {
  it.each<[string, Host]>([
    ["", { kind: "unix", path: DEFAULT_SOCKET }],
    ["unix://", { kind: "unix", path: DEFAULT_SOCKET }],
    ["unix:///var/run/docker.sock", { kind: "unix", path: "/var/run/docker.sock" }],
    ["unix://relative.sock", { kind: "unix", path: "relative.sock" }],
    ["tcp://127.0.0.1:2375", { kind: "tcp", host: "127.0.0.1", port: 2375, basePath: "" }],
    ["tcp://:7777", { kind: "tcp", host: "localhost", port: 7777, basePath: "" }],
    ["tcp://", { kind: "tcp", host: "localhost", port: 2375, basePath: "" }],
    ["127.0.0.1:5555", { kind: "tcp", host: "127.0.0.1", port: 5555, basePath: "" }],
    ["tcp://[::1]:5555/path/", { kind: "tcp", host: "::1", port: 5555, basePath: "/path" }],
    ["tcp://example.org", { kind: "tcp", host: "example.org", port: 2375, basePath: "" }],
    ["ssh://me@example.org", { kind: "ssh", user: "me", host: "example.org" }],
    ["ssh://example.org:22/run/x.sock", { kind: "ssh", host: "example.org", port: 22, path: "/run/x.sock" }],
    ["fd://", { kind: "fd", name: "" }],
    ["fd://3", { kind: "fd", name: "3" }],
  ])("reads %j", (text, expected) => {
    expect(parseHost(text)).toEqual(expected);
  });

  it("takes port 2376 with TLS and an empty host as told", () => {
    expect(parseHost("tcp://", { tls: true, defaultHost: "" })).toEqual({
      kind: "tcp",
      host: "",
      port: 2376,
      basePath: "",
    });
  });

  it.each([
    ["tcp://host:99999", /invalid port/],
    ["tcp://host:0", /invalid port/],
    ["tcp://host:port", /invalid host or port/],
    ["tcp://user@host:1", /user info/],
    ["tcp://::1:80", /invalid host or port/],
    ["tcp://ho st:80", /invalid host/],
    ["udp://127.0.0.1", /invalid bind address \(udp:\/\/127.0.0.1\): unsupported proto 'udp'/],
    ["unix://tcp://127.0.0.1", /invalid unix address/],
    ["unix://@abstract", /abstract/],
    [`unix:///${"x".repeat(107)}`, /107 bytes/],
    ["ssh://", /no host/],
    ["ssh://me:secret@host", /plain-text password/],
    ["ssh://-oProxyCommand=x", /dash/],
    ["ssh://-l@host", /dash/],
  ])("refuses %j", (text, message) => {
    expect(() => parseHost(text)).toThrow(message);
  });

  it("gives back what formatHost printed", () => {
    const name = fc.stringMatching(/^[a-z][a-z0-9.-]{0,20}$/);
    const port = fc.integer({ min: 1, max: 65535 });
    const hosts = fc.oneof(
      fc.record({
        kind: fc.constant("tcp" as const),
        host: fc.oneof(name, fc.ipV6()),
        port,
        basePath: fc.constant(""),
      }),
      fc.record({ kind: fc.constant("unix" as const), path: name.map((text) => `/${text}`) }),
      fc.record({ kind: fc.constant("ssh" as const), host: name, user: name, port }),
    );
    fc.assert(
      fc.property(hosts, (host) => {
        expect(parseHost(formatHost(host))).toEqual(host);
      }),
    );
  });

  it("fails only with a clear error, whatever the text", () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        try {
          parseHost(text);
        } catch (error) {
          expect((error as Error).name).toBe("BerthError");
        }
      }),
    );
  });
});

it("isLoopback knows loopback only", () => {
  expect(["127.0.0.1", "127.9.9.9", "localhost", "::1", "[::1]"].every(isLoopback)).toBe(true);
  expect(["", "0.0.0.0", "::", "127.0.0.1.evil.org", "localhost.evil.org", "10.0.0.1"].some(isLoopback)).toBe(false);
});
