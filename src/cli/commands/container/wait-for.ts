import { CliError } from "../../core/cli-error.ts";
import { atLeast, command } from "../../core/command.ts";
import * as flag from "../../core/flag.ts";
import { awaitCondition } from "../../wait-for/await-condition.ts";
import { parseCondition } from "../../wait-for/condition.ts";

const MILLISECOND = 1e6;
const MAX_TIMER = 2 ** 31 - 1;

/** Berth's own: for scripts that go on once a container serves. */
export const waitFor = command({
  usage: "[OPTIONS] CONTAINER healthy|log=PATTERN|port=NUMBER...",
  aliases: ["container wait-for", "wait-for"],
  arity: atLeast(2),
  flags: {
    timeout: flag.duration("Give up after this time (ms|s|m|h); without it, wait as long as it takes"),
  },
  async run(context, { flags, args: [name = "", ...texts] }) {
    const conditions = texts.map(parseCondition);
    if (flags.timeout < 0) throw new CliError("--timeout cannot be negative");
    const all = Promise.all(conditions.map((condition) => awaitCondition(context, name, condition)));
    if (flags.timeout === 0) await all;
    else await Promise.race([all, giveUp(flags.timeout / MILLISECOND, `container ${name}: not ${texts.join(", ")}`)]);
    return 0;
  },
});

function giveUp(milliseconds: number, what: string): Promise<never> {
  return new Promise((_, reject) => {
    const fail = () => reject(new CliError(`${what} within ${milliseconds / 1000} s`));
    setTimeout(fail, Math.min(milliseconds, MAX_TIMER));
  });
}
