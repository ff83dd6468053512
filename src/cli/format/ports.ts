import type { Port } from "../../spec/api/index.ts";

interface Range {
  readonly host: string;
  readonly type: string;
  readonly offset: number | undefined;
  first: number;
  last: number;
}

/** Published and exposed ports as one cell: neighbours joined to ranges, "0.0.0.0:1-3->1-3/udp". */
export function portsText(ports: readonly Port[]): string {
  const ranges: Range[] = [];
  for (const port of [...ports].sort(comparePorts)) {
    const host = port.PublicPort ? (port.IP ?? "") : "";
    const offset = port.PublicPort ? port.PublicPort - port.PrivatePort : undefined;
    const before = ranges.findLast(
      (range) => range.host === host && range.type === port.Type && range.offset === offset,
    );
    if (before !== undefined && before.last + 1 === port.PrivatePort) before.last = port.PrivatePort;
    else if (before === undefined || before.last !== port.PrivatePort)
      ranges.push({ host, type: port.Type, offset, first: port.PrivatePort, last: port.PrivatePort });
  }
  return ranges.map(rangeText).join(", ");
}

function comparePorts(a: Port, b: Port): number {
  return (
    a.PrivatePort - b.PrivatePort ||
    compareText(a.IP ?? "", b.IP ?? "") ||
    (a.PublicPort ?? 0) - (b.PublicPort ?? 0) ||
    compareText(a.Type, b.Type)
  );
}

const compareText = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);

function rangeText({ host, type, offset, first, last }: Range): string {
  const span = (from: number, to: number) => (from === to ? `${from}` : `${from}-${to}`);
  const inside = `${span(first, last)}/${type}`;
  if (offset === undefined) return inside;
  const address = host.includes(":") ? `[${host}]` : host;
  return `${address}:${span(first + offset, last + offset)}->${inside}`;
}
