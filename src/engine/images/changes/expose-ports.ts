import { invalid } from "../../../lib/index.ts";

const protocols = ["tcp", "udp", "sctp"];

/** The container ports of an EXPOSE word: "80", "80-82/udp", "8080:80". Texts are those of Docker's port parser. */
export function exposedPorts(word: string): string[] {
  const [ports = "", protocol = "tcp"] = word.split("/");
  const lower = protocol.toLowerCase() || "tcp";
  const container = ports.slice(ports.lastIndexOf(":") + 1);
  if (container === "") throw invalid(`No port specified: ${word}<empty>`);
  const [, first, last] = /^(\d+)(?:-(\d+))?$/.exec(container) ?? [];
  const [start, end] = [Number(first), Number(last ?? first)];
  if (first === undefined || start > 65535 || end > 65535 || end < start)
    throw invalid(`Invalid containerPort: ${container}`);
  if (!protocols.includes(lower)) throw invalid(`Invalid proto: ${protocol}`);
  return Array.from({ length: end - start + 1 }, (_, index) => `${start + index}/${lower}`);
}
