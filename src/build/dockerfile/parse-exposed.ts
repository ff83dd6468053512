import { Complaint } from "./dockerfile-error.ts";

/**
 * The ports of one expanded EXPOSE word in Docker's form `80/tcp`; a range gives each of its ports. What stands before
 * the last colon (an address, a host port) is dropped, as Docker drops it. Throws Complaint.
 */
export function parseExposed(word: string): string[] {
  const container = word.slice(word.lastIndexOf(":") + 1);
  const [range = "", protocol = "tcp", ...more] = container.split("/");
  if (range === "") throw bad(word, "no port specified");
  const lower = (protocol || "tcp").toLowerCase();
  if (more.length > 0 || !["tcp", "udp", "sctp"].includes(lower))
    throw bad(word, `invalid proto: ${container.slice(range.length + 1)}`);
  const [first = "", last = first, ...rest] = range.split("-");
  const [start, end] = [portNumber(first), portNumber(last)];
  if (start === undefined || end === undefined || rest.length > 0) throw bad(word, `invalid containerPort: ${range}`);
  if (end < start) throw bad(word, `invalid port range: ${range}`);
  return Array.from({ length: end - start + 1 }, (_, index) => `${start + index}/${lower}`);
}

function portNumber(text: string): number | undefined {
  const port = /^[0-9]{1,7}$/.test(text) ? Number(text) : Number.NaN;
  return port <= 65_535 ? port : undefined;
}

const bad = (word: string, reason: string) =>
  new Complaint(reason, { near: word, hint: "expected PORT[-PORT][/tcp|udp|sctp]" });
