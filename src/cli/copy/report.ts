import { humanSize } from "../../lib/text/index.ts";
import type { Context } from "../core/context.ts";

/** Docker's last line of a copy, on standard error. */
export function reportCopied(context: Context, bytes: number, destination: string): void {
  context.err.write(`Successfully copied ${humanSize(bytes, 3)} to ${destination}\n`);
}
