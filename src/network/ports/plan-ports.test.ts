import fc from "fast-check";
import { expect, test } from "vitest";
import { parsePort, planPorts } from "./plan-ports.ts";
import { inodesOf } from "./port-holder.ts";

test("ports that are named come before ports of any number", () => {
  const bindings = {
    "80/tcp": [{ HostIp: "", HostPort: "" }],
    "53/udp": [{ HostIp: "127.0.0.1", HostPort: "5300-5310" }],
    "443/tcp": [{ HostIp: "[::1]", HostPort: "443" }],
  };
  expect(planPorts({}, { PortBindings: bindings })).toEqual([
    { protocol: "udp", containerPort: 53, hostIp: "127.0.0.1", range: [5300, 5310] },
    { protocol: "tcp", containerPort: 443, hostIp: "::1", range: [443, 443] },
    { protocol: "tcp", containerPort: 80, hostIp: "", range: undefined },
  ]);
});

test("-P publishes what is exposed and not published already", () => {
  const config = { ExposedPorts: { "80/tcp": {}, "53/udp": {} } };
  const planned = planPorts(config, { PublishAllPorts: true, PortBindings: { "80/tcp": [{ HostPort: "8080" }] } });
  expect(planned.map(({ containerPort, range }) => [containerPort, range?.[0]])).toEqual([
    [80, 8080],
    [53, undefined],
  ]);
});

test("what is no port is refused, whatever it is", () => {
  for (const text of ["", "x/tcp", "65536/tcp", "-1", "80/icmp", "1e3"])
    expect(() => parsePort(text), text).toThrow(/invalid/);
  for (const HostPort of ["x", "70000", "9-8", "1-2-3"])
    expect(() => planPorts({}, { PortBindings: { "80/tcp": [{ HostPort }] } }), HostPort).toThrow(/invalid/);
  expect(() => planPorts({}, { PortBindings: { "80/tcp": [{ HostIp: "nowhere" }] } })).toThrow(
    "invalid IP address: nowhere",
  );
  fc.assert(
    fc.property(fc.string(), (text) => {
      try {
        expect(parsePort(text).port).toBeLessThanOrEqual(65535);
      } catch (error) {
        expect((error as { kind: string }).kind).toBe("invalid");
      }
    }),
  );
});

test("the kernel's tables tell which socket has a port", () => {
  const line = (local: string, state: string, inode: string) =>
    `  0: ${local} 00000000:0000 ${state} 0:0 0:0 0 0 0 ${inode} 1`;
  const table = [
    "  sl  local_address",
    line("0100007F:1F90", "0A", "77"),
    line("0100007F:1F90", "01", "78"),
    line("0:1F91", "0A", "79"),
  ];
  expect(inodesOf(table.join("\n"), 8080)).toEqual(["77"]);
  fc.assert(fc.property(fc.string(), fc.nat(65535), (text, port) => void inodesOf(text, port)));
});
