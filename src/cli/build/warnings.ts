import type { BuildWarning } from "../../spec/api/index.ts";
import type { Context } from "../core/context.ts";
import { forTerminal } from "../format/for-terminal.ts";
import { isTerminal } from "../terminal/terminal.ts";
import { excerpt } from "./excerpt.ts";

/** A warning with its texts decoded. */
interface Finding {
  /** "RuleName: what is wrong (line 3)". */
  readonly short: string;
  readonly detail: readonly string[];
  readonly url: string;
  readonly place: string;
}

function finding(event: BuildWarning): Finding {
  const { sourceInfo, range, detail, url = "", short } = event;
  const [first] = range ?? [];
  const place =
    sourceInfo && first !== undefined
      ? excerpt({
          filename: sourceInfo.filename,
          text: decode(sourceInfo.data),
          start: first.start.line,
          end: Math.max(first.start.line, first.end.line),
        })
      : "";
  return { short: decode(short), detail: (detail ?? []).map(decode), url, place };
}

const decode = (base64: string) => Buffer.from(base64, "base64").toString("utf8");

/** What is printed after a build of what it found: one line each, or with reasons and lines under --debug. */
export function warningSummary(context: Context, warnings: readonly BuildWarning[]): string {
  if (warnings.length === 0) return "";
  const { debug } = context.globals;
  const { command } = context.program;
  const count = warnings.length === 1 ? "1 warning found" : `${warnings.length} warnings found`;
  const title = `${count}${debug ? "" : ` (use ${command} --debug to expand)`}:`;
  const head = isTerminal(context.err.fd) && !context.env.NO_COLOR ? `\u001b[33m${title}\u001b[0m` : title;
  const clean = forTerminal(context.err.fd, { lines: true });
  const items = warnings.map(finding).map((each) => {
    const line = ` - ${clean(each.short)}\n`;
    if (!debug) return line;
    const more = each.url === "" ? "" : `More info: ${clean(each.url)}\n`;
    return `${line}${each.detail.map((text) => `${clean(text)}\n`).join("")}${more}${clean(each.place)}\n`;
  });
  return `\n ${head}\n${items.join("")}`;
}

/** What `--check` prints: every finding with its reason and its lines. */
export function checkReport(warnings: readonly BuildWarning[], fd: number): string {
  if (warnings.length === 0) return "Check complete, no warnings found.\n";
  const clean = forTerminal(fd, { lines: true });
  const count = warnings.length === 1 ? "1 warning has been found" : `${warnings.length} warnings have been found`;
  const items = warnings.map(finding).map(({ short, detail, url, place }) => {
    const title = `WARNING: ${clean(short)}${url === "" ? "" : ` - ${clean(url)}`}\n`;
    return `\n${title}${detail.map((text) => `${clean(text)}\n`).join("")}${clean(place)}`;
  });
  return `Check complete, ${count}!\n${items.join("")}`;
}
