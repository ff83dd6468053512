import { expect, test } from "vitest";
import { parseCpuTime, readCpuTime } from "./cpu-time.ts";
import { networkCounters, parseNetworkCounters } from "./network-counters.ts";

test("the machine's time is Docker's sum of seven", () => {
  expect(parseCpuTime("cpu  1 2 3 4 5 6 7 8 9 10\ncpu0 1 1\ncpu1 1 1\nintr 5\n")).toEqual({ total: 28e7, online: 2 });
  const now = readCpuTime();
  expect(now.total).toBeGreaterThan(0);
  expect(now.online).toBeGreaterThan(0);
});

test("interfaces of /proc/PID/net/dev", () => {
  const header = "Inter-|   Receive  |  Transmit\n face |bytes    packets errs drop\n";
  const line = "  eth0:10 11 12 13 0 0 0 0 20 21 22 23 0 0 0 0\n";
  expect(parseNetworkCounters(header + line)).toEqual([
    {
      name: "eth0",
      rxBytes: 10,
      rxPackets: 11,
      rxErrors: 12,
      rxDropped: 13,
      txBytes: 20,
      txPackets: 21,
      txErrors: 22,
      txDropped: 23,
    },
  ]);
  expect(networkCounters(process.pid).some(({ name }) => name === "lo")).toBe(false);
  expect(networkCounters(4194305)).toEqual([]);
});
