import { createHash } from "node:crypto";
import { invalid } from "../lib/index.ts";

/** `algorithm:hex`, as the OCI image specification writes a digest. Text from outside goes through parseDigest first. */
export type Digest = string;

export type DigestAlgorithm = "sha256" | "sha384" | "sha512";

const hexLengths: Readonly<Record<DigestAlgorithm, number>> = { sha256: 64, sha384: 96, sha512: 128 };
const form = /^[a-z0-9]+(?:[.+_-][a-z0-9]+)*:[a-zA-Z0-9=_-]+$/;

/**
 * Takes a digest apart. What it returns is safe in a path: a registered algorithm and exactly its number of lower-case
 * hexadecimal digits. Anything else throws "invalid", with the texts of Go's digest package.
 */
export function parseDigest(text: string): { algorithm: DigestAlgorithm; hex: string } {
  if (text.length > 256 || !form.test(text)) throw invalid("invalid checksum digest format");
  const colon = text.indexOf(":");
  const algorithm = text.slice(0, colon);
  const hex = text.slice(colon + 1);
  if (!isAlgorithm(algorithm)) throw invalid("unsupported digest algorithm");
  if (hex.length !== hexLengths[algorithm]) throw invalid("invalid checksum digest length");
  if (!/^[0-9a-f]+$/.test(hex)) throw invalid("invalid checksum digest format");
  return { algorithm, hex };
}

/** Whether parseDigest would accept it. */
export function isDigest(text: unknown): text is Digest {
  if (typeof text !== "string") return false;
  try {
    parseDigest(text);
    return true;
  } catch {
    return false;
  }
}

/** The sha256 digest of bytes at hand. Large data is hashed as a stream, off the main thread. */
export function digestOf(bytes: Uint8Array | string): Digest {
  return `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
}

function isAlgorithm(name: string): name is DigestAlgorithm {
  return Object.hasOwn(hexLengths, name);
}
