const limit = 8 * 1024;

/**
 * What an OCI runtime said on stderr, as one sentence: the last error of its log lines (runc writes logfmt or JSON, crun
 * plain text), without the runtime's own preamble.
 */
export function runtimeMessage(stderr: string): string {
  const lines = stderr
    .slice(-limit)
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "");
  const errors = lines.map(logLine).filter((line) => line !== undefined);
  const last = errors.findLast((line) => line.level === "error" || line.level === "fatal") ?? errors.at(-1);
  const text = last?.message ?? lines.join("; ");
  return text.replace(/^(crun|runc): /, "").replace(/^runc (create|run|start|exec) failed: |^exec failed: /, "");
}

function logLine(line: string): { level: string; message: string } | undefined {
  if (line.startsWith("{")) return jsonLine(line);
  const [, level, quoted] = /\blevel=(\w+) msg=("(?:[^"\\]|\\.)*"|\S+)/.exec(line) ?? [];
  if (level === undefined || quoted === undefined) return undefined;
  return { level, message: quoted.startsWith('"') ? unquote(quoted) : quoted };
}

function jsonLine(line: string): { level: string; message: string } | undefined {
  try {
    const { level, msg } = JSON.parse(line) as { level?: unknown; msg?: unknown };
    return typeof msg === "string" ? { level: String(level), message: msg } : undefined;
  } catch {
    return undefined;
  }
}

/** A string that Go quoted. */
function unquote(quoted: string): string {
  return quoted.slice(1, -1).replace(/\\(.)/g, (_, character: string) => {
    if (character === "n") return "\n";
    return character === "t" ? "\t" : character;
  });
}
