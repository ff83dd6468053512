import { messageOf, parseGoDuration } from "../../lib/index.ts";
import { splitBlanks } from "./characters.ts";
import { Complaint } from "./dockerfile-error.ts";
import { chompTabs } from "./heredoc.ts";
import type {
  CmdInstruction,
  CommandLine,
  EntrypointInstruction,
  Healthcheck,
  HealthcheckInstruction,
  OnbuildInstruction,
  RunInstruction,
  RunNetwork,
  RunSecurity,
} from "./instruction.ts";
import { didYouMean } from "./nearest-name.ts";
import { checkMountFlag, parseDevice } from "./parse-mount.ts";
import { type InstructionRequest, needsOneAtLeast } from "./request.ts";
import { jsonWords } from "./words.ts";

/** Exec form where the rest is a JSON array of strings, shell form otherwise. */
export function commandOf({ rest, heredocs }: Pick<InstructionRequest, "rest" | "heredocs">): CommandLine {
  const bodies = heredocs.map((heredoc) => ({
    ...heredoc,
    content: heredoc.chomp ? chompTabs(heredoc.content) : heredoc.content,
  }));
  const words = jsonWords(rest);
  if (words !== undefined) return { shell: false, words, heredocs: bodies };
  return { shell: true, words: rest === "" ? [] : [rest], heredocs: bodies };
}

export function parseRun(request: InstructionRequest): RunInstruction {
  const flags = request.flags({ mount: "strings", network: "string", security: "string", device: "strings" });
  const mountFlags = flags.strings("mount");
  for (const flag of mountFlags) checkMountFlag(flag);
  return {
    ...request.base,
    kind: "run",
    command: commandOf(request),
    mountFlags,
    mounts: [],
    network: networkOf(flags.string("network") ?? "default"),
    security: securityOf(flags.string("security") ?? "sandbox"),
    devices: flags.strings("device").map(parseDevice),
  };
}

const NETWORKS: readonly RunNetwork[] = ["default", "none", "host"];
const SECURITIES: readonly RunSecurity[] = ["sandbox", "insecure"];

function networkOf(value: string): RunNetwork {
  const found = NETWORKS.find((network) => network === value);
  if (found !== undefined) return found;
  throw new Complaint(`invalid network mode ${JSON.stringify(value)}${didYouMean(value, NETWORKS)}`, {
    near: value,
    hint: `expected one of ${NETWORKS.join(", ")}`,
  });
}

function securityOf(value: string): RunSecurity {
  const found = SECURITIES.find((security) => security === value);
  if (found !== undefined) return found;
  throw new Complaint(`security ${JSON.stringify(value)} is not valid${didYouMean(value, SECURITIES)}`, {
    near: value,
    hint: `expected one of ${SECURITIES.join(", ")}`,
  });
}

export function parseCmd(request: InstructionRequest): CmdInstruction {
  request.flags({});
  return { ...request.base, kind: "cmd", command: commandOf(request) };
}

export function parseEntrypoint(request: InstructionRequest): EntrypointInstruction {
  request.flags({});
  return { ...request.base, kind: "entrypoint", command: commandOf(request) };
}

export function parseHealthcheck(request: InstructionRequest): HealthcheckInstruction {
  const match = /^(\S+)\s*(.*)$/s.exec(request.rest);
  if (match === null) throw needsOneAtLeast("HEALTHCHECK");
  const type = (match[1] ?? "").toUpperCase();
  const rest = match[2] ?? "";
  const healthcheck = type === "NONE" ? noHealthcheck(rest) : readHealthcheck(request, type, rest);
  return { ...request.base, kind: "healthcheck", healthcheck };
}

const INHERITED = { interval: 0, timeout: 0, startPeriod: 0, startInterval: 0, retries: 0 };

function noHealthcheck(rest: string): Healthcheck {
  if (rest !== "") throw new Complaint("HEALTHCHECK NONE takes no arguments");
  return { ...INHERITED, test: ["NONE"] };
}

function readHealthcheck(request: InstructionRequest, type: string, rest: string): Healthcheck {
  const flags = request.flags({
    interval: "string",
    timeout: "string",
    "start-period": "string",
    "start-interval": "string",
    retries: "string",
  });
  if (type !== "CMD")
    throw new Complaint(`Unknown type ${JSON.stringify(type)} in HEALTHCHECK (try CMD)`, {
      hint: "expected CMD or NONE",
    });
  const { shell, words } = commandOf({ rest, heredocs: [] });
  if (words.length === 0) throw new Complaint("Missing command after HEALTHCHECK CMD");
  return {
    test: [shell ? "CMD-SHELL" : "CMD", ...words],
    interval: durationOf("interval", flags.string("interval")),
    timeout: durationOf("timeout", flags.string("timeout")),
    startPeriod: durationOf("start-period", flags.string("start-period")),
    startInterval: durationOf("start-interval", flags.string("start-interval")),
    retries: retriesOf(flags.string("retries")),
  };
}

/** Nanoseconds; 0 where nothing is given. */
function durationOf(name: string, value: string | undefined): number {
  if (value === undefined || value === "") return 0;
  const nanoseconds = goDuration(value);
  if (nanoseconds !== 0 && nanoseconds < 1_000_000)
    throw new Complaint(`Interval "${name}" cannot be less than 1ms`, { near: value });
  return nanoseconds;
}

function goDuration(value: string): number {
  try {
    return parseGoDuration(value);
  } catch (error) {
    throw new Complaint(messageOf(error), { near: value, hint: "expected a duration such as 30s" });
  }
}

function retriesOf(value: string | undefined): number {
  if (value === undefined || value === "") return 0;
  const quoted = JSON.stringify(value);
  if (!/^[+-]?[0-9]+$/.test(value))
    throw new Complaint(`strconv.ParseInt: parsing ${quoted}: invalid syntax`, {
      near: value,
      hint: "expected a number",
    });
  const retries = Number(value);
  if (retries > 0x7fff_ffff || retries < -0x8000_0000)
    throw new Complaint(`strconv.ParseInt: parsing ${quoted}: value out of range`, { near: value });
  if (retries < 0) throw new Complaint(`--retries cannot be negative (${retries})`, { near: value });
  return retries;
}

export function parseOnbuild(request: InstructionRequest): OnbuildInstruction {
  const { rest, base, heredocs } = request;
  if (rest === "") throw needsOneAtLeast("ONBUILD");
  request.flags({});
  const trigger = (splitBlanks(rest)[0] ?? "").toUpperCase();
  if (trigger === "ONBUILD") throw new Complaint("Chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed");
  if (trigger === "MAINTAINER" || trigger === "FROM")
    throw new Complaint(`${trigger} isn't allowed as an ONBUILD trigger`, { near: splitBlanks(rest)[0] });
  const expression = base.original.replace(/^\s*ONBUILD\s*/i, "");
  const bodies = heredocs.map(({ content, name }) => `\n${content}${name}`);
  return { ...base, kind: "onbuild", expression: expression + bodies.join("") };
}
