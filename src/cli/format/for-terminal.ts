import { isatty } from "node:tty";
import { escapeForTerminal } from "../../lib/text/index.ts";

/**
 * What comes from images and containers may hold anything, escape sequences of a terminal too: where the descriptor is
 * a terminal, those become visible. Elsewhere the text is passed on as it is, as with Docker.
 */
export function forTerminal(fd: number, options: { lines: boolean }): (text: string) => string {
  return isatty(fd) ? (text) => escapeForTerminal(text, options) : (text) => text;
}
