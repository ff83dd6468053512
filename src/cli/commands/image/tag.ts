import { messageOf } from "../../../lib/index.ts";
import { familiarName, parseReference } from "../../../spec/index.ts";
import { CliError } from "../../core/cli-error.ts";
import { command, exactly } from "../../core/command.ts";
import { imagePath } from "./image-path.ts";

export const tag = command({
  usage: "SOURCE_IMAGE[:TAG] TARGET_IMAGE[:TAG]",
  aliases: ["image tag", "tag"],
  arity: exactly(2),
  flags: {},
  async run(context, { args: [source = "", target = ""] }) {
    const reference = parseTarget(target);
    await context.client.call("POST", `${imagePath(source)}/tag`, {
      query: { repo: familiarName(reference), tag: reference.tag ?? "latest" },
    });
    return 0;
  },
});

function parseTarget(text: string) {
  try {
    const reference = parseReference(text);
    if (reference.digest === undefined) return reference;
  } catch (error) {
    throw new CliError(
      `Error parsing reference: ${JSON.stringify(text)} is not a valid repository/tag: ${messageOf(error)}`,
    );
  }
  throw new CliError("refusing to create a tag with a digest reference");
}
