import type { OciProcess, OciSpec } from "./oci.ts";

/**
 * The JSON of a document for the runtime. JSON.stringify alone would give RLIM_INFINITY (2^64-1) rounded up, which the
 * runtimes refuse. Inside a string a quote is escaped, so only real members match.
 */
export function specText(document: OciSpec | OciProcess): string {
  return JSON.stringify(document).replace(/"(soft|hard)":18446744073709552000\b/g, '"$1":18446744073709551615');
}
