import { invalid } from "../../../lib/index.ts";
import { familiarName, parseReference, withDefaultTag } from "../../../spec/index.ts";
import { between, command } from "../../core/command.ts";
import * as flag from "../../core/flag.ts";

export const commit = command({
  usage: "[OPTIONS] CONTAINER [REPOSITORY[:TAG]]",
  aliases: ["container commit", "commit"],
  arity: between(1, 2),
  flags: {
    author: flag.string('Author (e.g., "John Hannibal Smith <hannibal@a-team.com>")', { short: "a" }),
    change: flag.list("Apply Dockerfile instruction to the created image", { short: "c" }),
    message: flag.string("Commit message", { short: "m" }),
    pause: flag.bool("Pause container during commit", { short: "p", initial: true }),
  },
  async run(context, { flags, args: [container = "", name = ""] }) {
    const { Id } = await context.client.json<{ Id: string }>("POST", "/commit", {
      query: {
        container,
        ...nameQuery(name),
        comment: flags.message || undefined,
        author: flags.author || undefined,
        changes: flags.change,
        pause: flags.pause ? undefined : "0",
      },
    });
    context.out.write(`${Id}\n`);
    return 0;
  },
});

function nameQuery(name: string): { repo?: string; tag?: string } {
  if (name === "") return {};
  const reference = parseReference(name);
  if (reference.digest !== undefined) throw invalid("refusing to create a tag with a digest reference");
  const { tag = "" } = withDefaultTag(reference);
  return { repo: familiarName(reference), tag };
}
