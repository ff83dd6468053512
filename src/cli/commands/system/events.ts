import { encodeFilters, readLines } from "../../../api/client/index.ts";
import { messageOf } from "../../../lib/index.ts";
import { escapeForTerminal, formatUnixTime, parseTimestamp } from "../../../lib/text/index.ts";
import type { EventMessage } from "../../../spec/api/index.ts";
import { CliError } from "../../core/cli-error.ts";
import { command, noArgs } from "../../core/command.ts";
import * as flag from "../../core/flag.ts";
import { INSPECT_FORMAT_USAGE } from "../../format/format-flag.ts";
import { rfc3339NanoLocal } from "../../format/local-time.ts";

export const events = command({
  usage: "[OPTIONS]",
  aliases: ["system events", "events"],
  arity: noArgs,
  flags: {
    filter: flag.filter("Filter output based on conditions provided", { short: "f" }),
    format: flag.string(INSPECT_FORMAT_USAGE),
    since: flag.string("Show all events created since timestamp"),
    until: flag.string("Stream events until this timestamp"),
  },
  async run(context, { flags }) {
    const show = await printer(flags.format);
    const response = await context.client.request("GET", "/events", {
      query: { since: instant(flags.since), until: instant(flags.until), filters: encodeFilters(flags.filter) },
    });
    await readLines(response, (line) => context.out.write(`${show(line)}\n`));
    return 0;
  },
});

function instant(text: string): string | undefined {
  if (text === "") return undefined;
  try {
    return formatUnixTime(parseTimestamp(text));
  } catch (error) {
    throw new CliError(messageOf(error));
  }
}

/** What one event's line of JSON is printed as. */
async function printer(format: string): Promise<(line: string) => string> {
  if (format === "") return plain;
  if (format === "json") return (line) => line;
  const { compile, execute } = await import("../../format/template-list.ts");
  const template = compile(format.replaceAll("\\t", "\t").replaceAll("\\n", "\n"));
  return (line) => execute(template, fields(line));
}

/** Nanoseconds since 1970 do not fit a number: they are read from the text. */
function readEvent(line: string): EventMessage {
  const event = JSON.parse(line) as EventMessage;
  const nano = /"timeNano":(\d+)/.exec(line)?.[1];
  return { ...event, timeNano: BigInt(nano ?? event.time * 1_000_000_000) };
}

function plain(line: string): string {
  const { Type, Action, Actor, timeNano } = readEvent(line);
  const attributes = Object.entries(Actor.Attributes ?? {})
    .map(([name, value]) => `${name}=${value}`)
    .sort()
    .join(", ");
  const text = `${rfc3339NanoLocal(timeNano)} ${Type} ${Action} ${Actor.ID}${attributes === "" ? "" : ` (${attributes})`}`;
  return escapeForTerminal(text);
}

/** The event with Docker's field names, for templates. */
function fields(line: string): object {
  const event = readEvent(line);
  return {
    Status: event.status ?? "",
    ID: event.id ?? "",
    From: event.from ?? "",
    Type: event.Type,
    Action: event.Action,
    Actor: event.Actor,
    Scope: event.scope,
    Time: event.time,
    TimeNano: event.timeNano,
    toJSON: () => JSON.parse(line) as unknown,
  };
}
