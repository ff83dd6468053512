import { rfc3339Nano } from "../lib/index.ts";

const ranks = { debug: 0, info: 1, warn: 2, error: 3, fatal: 4 } as const;
export type LogLevel = keyof typeof ranks;
export type LogFields = Readonly<Record<string, unknown>>;

/** Structured lines for the operator, in dockerd's form. */
export interface Logger {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
  setLevel(level: LogLevel): void;
  isDebug(): boolean;
}

export interface LoggerOptions {
  level: LogLevel;
  format: "text" | "json";
  /** Takes one line with its newline. */
  write(line: string): void;
  now?: () => Date;
}

/** `time="…" level=info msg="…" key=value`, or the same as JSON. What comes from outside cannot forge a line. */
export function createLogger({ level, format, write, now = () => new Date() }: LoggerOptions): Logger {
  let threshold = ranks[level];
  const log =
    (name: LogLevel) =>
    (message: string, fields: LogFields = {}) => {
      if (ranks[name] < threshold) return;
      const entry = {
        time: rfc3339Nano(now(), { fixed: true }),
        level: name === "warn" ? "warning" : name,
        msg: message,
        ...fields,
      };
      write(`${format === "json" ? JSON.stringify(entry, plain) : logfmt(entry)}\n`);
    };
  return {
    debug: log("debug"),
    info: log("info"),
    warn: log("warn"),
    error: log("error"),
    setLevel(next) {
      threshold = ranks[next];
    },
    isDebug: () => threshold === ranks.debug,
  };
}

const plain = (_key: string, value: unknown) =>
  value instanceof Error ? value.message : typeof value === "bigint" ? String(value) : value;

function logfmt(entry: Record<string, unknown>): string {
  return Object.entries(entry)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => `${key}=${quoted(key, value)}`)
    .join(" ");
}

function quoted(key: string, value: unknown): string {
  const text =
    value instanceof Error ? value.message : typeof value === "object" ? JSON.stringify(value, plain) : String(value);
  const bare = key !== "time" && key !== "msg" && /^[\w.\-/@^+:]+$/.test(text);
  // JSON's escapes leave DEL and the C1 controls in place; a terminal would act on them
  return bare
    ? text
    : JSON.stringify(text).replace(
        /[\u007f-\u009f\u2028\u2029]/g,
        (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`,
      );
}
