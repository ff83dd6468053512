const V4_SUFFIX = ".in-addr.arpa";
const V6_SUFFIX = ".ip6.arpa";

/** The bytes of the address whose reverse name this is (lower case, no dot at the end), or undefined. */
export function reversedAddress(name: string): Uint8Array | undefined {
  if (name.endsWith(V4_SUFFIX)) return reversedIPv4(name.slice(0, -V4_SUFFIX.length).split("."));
  if (name.endsWith(V6_SUFFIX)) return reversedIPv6(name.slice(0, -V6_SUFFIX.length).split("."));
  return undefined;
}

function reversedIPv4(labels: string[]): Uint8Array | undefined {
  if (labels.length !== 4 || !labels.every((label) => /^(0|[1-9]\d{0,2})$/.test(label) && Number(label) < 256)) {
    return undefined;
  }
  return Uint8Array.from(labels.reverse(), Number);
}

function reversedIPv6(labels: string[]): Uint8Array | undefined {
  if (labels.length !== 32 || !labels.every((label) => /^[\da-f]$/.test(label))) return undefined;
  return Uint8Array.from(Buffer.from(labels.reverse().join(""), "hex"));
}

/** An address as a key of a map. */
export const addressKey = (bytes: Uint8Array) => Buffer.from(bytes).toString("latin1");
