import { isIPv4, isIPv6 } from "node:net";

/** The 4 or 16 bytes of an IP address, or undefined where it is none. A zone is left out. */
export function addressBytes(text: string): Uint8Array | undefined {
  if (isIPv4(text)) return Uint8Array.from(text.split("."), Number);
  const [plain = ""] = text.split("%", 1);
  return isIPv6(plain) ? ipv6Bytes(plain) : undefined;
}

function ipv6Bytes(text: string): Uint8Array {
  const [head = "", tail] = text.split("::", 2);
  const before = groups(head);
  const after = groups(tail ?? "");
  const bytes = new Uint8Array(16);
  bytes.set(before);
  bytes.set(after, 16 - after.length);
  return bytes;
}

/** The bytes of some groups; the last of them may be written as IPv4. */
function groups(text: string): number[] {
  if (text === "") return [];
  return text.split(":").flatMap((group) => {
    if (group.includes(".")) return group.split(".").map(Number);
    const value = Number.parseInt(group, 16);
    return [value >> 8, value & 255];
  });
}
