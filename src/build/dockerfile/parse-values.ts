import { cutBlanks, splitBlanks, trimSpace } from "./characters.ts";
import { Complaint } from "./dockerfile-error.ts";
import type {
  ArgInstruction,
  EnvInstruction,
  ExposeInstruction,
  KeyValue,
  LabelInstruction,
  MaintainerInstruction,
  ShellInstruction,
  StopSignalInstruction,
  UserInstruction,
  VolumeInstruction,
  WorkdirInstruction,
} from "./instruction.ts";
import { blankName, type InstructionRequest, needsOneAtLeast, oneArgument } from "./request.ts";
import { jsonWords, splitQuoted } from "./words.ts";

export function parseEnv(request: InstructionRequest): EnvInstruction {
  request.flags({});
  return { ...request.base, kind: "env", pairs: pairsOf(request) };
}

export function parseLabel(request: InstructionRequest): LabelInstruction {
  request.flags({});
  return { ...request.base, kind: "label", pairs: pairsOf(request) };
}

/** `name=value …`, or the old `name value` when the first word has no `=`. */
export function pairsOf({
  name,
  rest,
  escape: token,
}: Pick<InstructionRequest, "name" | "rest" | "escape">): KeyValue[] {
  const words = splitQuoted(rest, token);
  const [first] = words;
  if (first === undefined) throw needsOneAtLeast(name);
  if (!first.includes("=")) return [legacyPair(name, rest)];
  return words.map((word) => {
    const equals = word.indexOf("=");
    if (equals < 0)
      throw new Complaint(`Syntax error - can't find = in ${JSON.stringify(word)}. Must be of the form: name=value`, {
        near: word,
      });
    if (equals === 0) throw blankName(name);
    return { key: word.slice(0, equals), value: word.slice(equals + 1), legacy: false };
  });
}

function legacyPair(name: string, rest: string): KeyValue {
  const [key, value] = cutBlanks(rest);
  if (value === undefined)
    throw new Complaint(`${name} must have two arguments`, { hint: `expected ${name} name=value` });
  return { key, value, legacy: true };
}

export function parseArg(request: InstructionRequest): ArgInstruction {
  const words = splitQuoted(request.rest, request.escape);
  if (words.length === 0) throw needsOneAtLeast("ARG");
  const args = words.map((word) => {
    const equals = word.indexOf("=");
    if (equals === 0) throw blankName("ARG");
    return equals < 0 ? { key: word, value: undefined } : { key: word.slice(0, equals), value: word.slice(equals + 1) };
  });
  return { ...request.base, kind: "arg", args };
}

export function parseExpose(request: InstructionRequest): ExposeInstruction {
  if (request.rest === "") throw needsOneAtLeast("EXPOSE");
  request.flags({});
  return { ...request.base, kind: "expose", ports: splitBlanks(request.rest).sort() };
}

export function parseWorkdir(request: InstructionRequest): WorkdirInstruction {
  const path = oneArgument(request);
  request.flags({});
  return { ...request.base, kind: "workdir", path };
}

export function parseUser(request: InstructionRequest): UserInstruction {
  const user = oneArgument(request);
  request.flags({});
  return { ...request.base, kind: "user", user };
}

/** STOPSIGNAL takes no flags and, as in BuildKit, does not mind them. */
export function parseStopSignal(request: InstructionRequest): StopSignalInstruction {
  return { ...request.base, kind: "stopsignal", signal: oneArgument(request) };
}

export function parseMaintainer(request: InstructionRequest): MaintainerInstruction {
  const maintainer = oneArgument(request);
  request.flags({});
  return { ...request.base, kind: "maintainer", maintainer };
}

export function parseVolume(request: InstructionRequest): VolumeInstruction {
  const words = jsonWords(request.rest) ?? (request.rest === "" ? [] : splitBlanks(request.rest));
  if (words.length === 0) throw needsOneAtLeast("VOLUME");
  request.flags({});
  const volumes = words.map(trimSpace);
  if (volumes.includes("")) throw new Complaint("VOLUME specified can not be an empty string");
  return { ...request.base, kind: "volume", volumes };
}

export function parseShell(request: InstructionRequest): ShellInstruction {
  request.flags({});
  const shell = jsonWords(request.rest);
  if (request.rest === "" || shell?.length === 0) throw needsOneAtLeast("SHELL");
  if (shell === undefined)
    throw new Complaint(`SHELL requires the arguments to be in JSON form`, {
      hint: 'expected SHELL ["program", "-option"]',
    });
  return { ...request.base, kind: "shell", shell };
}
