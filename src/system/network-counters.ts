import { readOptional } from "./cgroup/index.ts";

export interface InterfaceCounters {
  name: string;
  rxBytes: number;
  rxPackets: number;
  rxErrors: number;
  rxDropped: number;
  txBytes: number;
  txPackets: number;
  txErrors: number;
  txDropped: number;
}

/** What the interfaces of a process's network have carried, loopback left out; empty once the process is gone. */
export function networkCounters(pid: number): InterfaceCounters[] {
  return parseNetworkCounters(readOptional(`/proc/${pid}/net/dev`) ?? "").filter(({ name }) => name !== "lo");
}

/** Parses /proc/PID/net/dev: receive and transmit, each with bytes, packets, errors and drops first. */
export function parseNetworkCounters(text: string): InterfaceCounters[] {
  return text.split("\n").flatMap((line): InterfaceCounters[] => {
    const match = /^\s*(\S+):\s*(.*)$/.exec(line);
    if (match === null) return [];
    const numbers = (match[2] ?? "").trim().split(/\s+/).map(Number);
    const [rxBytes = 0, rxPackets = 0, rxErrors = 0, rxDropped = 0] = numbers;
    const [txBytes = 0, txPackets = 0, txErrors = 0, txDropped = 0] = numbers.slice(8);
    const name = match[1] ?? "";
    return [{ name, rxBytes, rxPackets, rxErrors, rxDropped, txBytes, txPackets, txErrors, txDropped }];
  });
}
