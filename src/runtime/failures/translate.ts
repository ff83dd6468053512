import { BerthError } from "../../lib/index.ts";
import { runtimeMessage } from "./runtime-message.ts";

/** What was being done when the runtime failed. */
export interface FailedCall {
  verb: "create" | "exec";
  /** Name of the runtime. */
  runtime: string;
  /** process.args[0], where the caller knows it. */
  command?: string | undefined;
}

const starting = "unable to start container process: ";

interface Rule {
  /** What crun 1.8 says. */
  pattern: RegExp;
  /** What runc, and with it Docker, says. */
  text: (match: RegExpExecArray, command: string) => string;
}

const rules: readonly Rule[] = [
  {
    pattern: /^executable file `(.*)` not found in \$PATH: /s,
    text: ([, name = ""]) => `${starting}exec: "${name}": ${notFoundReason(name)}`,
  },
  {
    pattern: /^open executable: Permission denied$/,
    text: (_, command) => `${starting}exec: "${command}": permission denied`,
  },
  {
    // crun has no such file for an empty name, and EPERM for whatever is no regular file.
    pattern: /^open executable: (Operation not permitted|Is a directory)$/,
    text: (_, command) =>
      `${starting}exec: "${command}": ${command === "" ? notFoundReason(command) : "is a directory"}`,
  },
  {
    pattern: /^chdir `(.*)`: (.+)$/s,
    text: ([, path = "", reason = ""]) =>
      `${starting}chdir to cwd ("${path}") set in config.json failed: ${lowerFirst(reason)}`,
  },
  {
    pattern: /^mount `(.*)` to `(.*)`: (.+)$/s,
    text: ([, source = "", target = "", reason = ""]) =>
      `${starting}error during container init: error mounting "${source}" to rootfs at "/${target.replace(/^\/+/, "")}": ` +
      `mount ${source}:/${target.replace(/^\/+/, "")}: ${lowerFirst(reason)}`,
  },
];

function notFoundReason(name: string): string {
  return name.includes("/") ? `stat ${name}: no such file or directory` : "executable file not found in $PATH";
}

const lowerFirst = (text: string) => text.charAt(0).toLowerCase() + text.slice(1);

/** The failure of a runtime as Docker words it: what clients match on to tell 127, 126 and 125 apart. */
export function translateFailure(call: FailedCall, stderr: string): BerthError {
  const said = runtimeMessage(stderr);
  const body = reword(said, call.command ?? "");
  const preamble =
    call.verb === "exec"
      ? "OCI runtime exec failed: exec failed: "
      : `failed to create task for container: failed to create shim task: OCI runtime create failed: ${
          body.startsWith(starting) ? "runc" : call.runtime
        } create failed: `;
  return classify(`${preamble}${body}: unknown`);
}

function reword(said: string, command: string): string {
  for (const { pattern, text } of rules) {
    const match = pattern.exec(said);
    if (match !== null) return text(match, command);
  }
  return said === "" ? "the runtime said nothing" : said;
}

/** Exit code and kind, by the words that Docker's daemon looks for. */
function classify(text: string): BerthError {
  if (/executable file not found|no such file or directory/.test(text))
    return new BerthError("invalid", text, { exitCode: 127 });
  if (/: is a directory: unknown$/.test(text))
    return new BerthError("invalid", `${text}: permission denied`, { exitCode: 126 });
  if (text.includes("permission denied")) return new BerthError("invalid", text, { exitCode: 126 });
  if (text.includes("not a directory"))
    return new BerthError(
      "invalid",
      `${text}: Are you trying to mount a directory onto a file (or vice-versa)? Check if the specified host path exists and is the expected type`,
      { exitCode: 126 },
    );
  return new BerthError("internal", text);
}
