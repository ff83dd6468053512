import { readSync } from "node:fs";
import { CliError } from "./cli-error.ts";
import type { Context } from "./context.ts";

/** Asks a question on stdout; anything but y or yes ends the command, which is no failure. */
export async function confirm(context: Context, question: string): Promise<void> {
  context.out.write(`${question} [y/N] `);
  const answer = readLine().trim().toLowerCase();
  if (answer !== "y" && answer !== "yes") throw new CliError("", 0);
}

/** One line of standard input, without its end; "" at its end. */
export function readLine(limit = 4096): string {
  const byte = Buffer.alloc(1);
  const bytes: number[] = [];
  while (bytes.length < limit) {
    const count = readByte(byte);
    if (count === 0 || byte[0] === 10) break;
    bytes.push(byte[0] ?? 0);
  }
  return Buffer.from(bytes).toString("utf8");
}

function readByte(byte: Buffer): number {
  try {
    return readSync(0, byte, 0, 1, null);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "EOF") return 0;
    if (code !== "EAGAIN") throw error;
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10);
    return readByte(byte);
  }
}
