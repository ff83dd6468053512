import type { Port } from "../../spec/api/index.ts";

interface Group {
  readonly ip: string;
  readonly type: string;
  first: number;
  last: number;
}

/**
 * Published and exposed ports as one cell, as Docker writes it: neighbours that keep their number are joined to ranges
 * ("0.0.0.0:1-3->1-3/udp"), those that change it follow one by one.
 */
export function portsText(ports: readonly Port[]): string {
  const closed: string[] = [];
  const open = new Map<string, Group>();
  const mapped: string[] = [];
  for (const { IP: ip = "", PrivatePort: inside, PublicPort: outside = 0, Type: type } of [...ports].sort(
    comparePorts,
  )) {
    if (ip !== "" && outside !== inside) {
      mapped.push(`${bracket(ip)}:${outside}->${inside}/${type}`);
      continue;
    }
    const key = `${ip}/${type}`;
    const group = open.get(key);
    if (group !== undefined && group.last + 1 === inside) {
      group.last = inside;
      continue;
    }
    if (group !== undefined) closed.push(groupText(group));
    open.set(key, { ip, type, first: inside, last: inside });
  }
  return [...closed, ...[...open.values()].map(groupText), ...mapped].join(", ");
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
const bracket = (ip: string) => (ip.includes(":") ? `[${ip}]` : ip);

function groupText({ ip, type, first, last }: Group): string {
  const span = first === last ? `${first}` : `${first}-${last}`;
  return ip === "" ? `${span}/${type}` : `${bracket(ip)}:${span}->${span}/${type}`;
}
