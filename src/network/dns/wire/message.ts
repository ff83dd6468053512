/** Numbers of RFC 1035, 3596, 6891 that the server speaks of. */

export const HEADER_LENGTH = 12;

export const RecordType = { A: 1, PTR: 12, AAAA: 28, OPT: 41, ANY: 255 } as const;

export const Rcode = {
  ok: 0,
  formatError: 1,
  serverFailure: 2,
  notImplemented: 4,
  refused: 5,
  badVersion: 16,
} as const;

export const CLASS_IN = 1;
export const CLASS_ANY = 255;

/** Bits of the header's third and fourth byte, as one number. */
export const Flag = { response: 0x8000, opcode: 0x7800, truncated: 0x0200, recursionDesired: 0x0100 } as const;
export const RECURSION_AVAILABLE = 0x0080;

/** What a client that says nothing about sizes takes over UDP. */
export const PLAIN_UDP_LIMIT = 512;
/** What a TCP message's length field can say. */
export const TCP_LIMIT = 65_535;
