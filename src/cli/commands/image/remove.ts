import { ApiError } from "../../../api/client/index.ts";
import type { ImageDeleteItem } from "../../../spec/api/index.ts";
import { CliError } from "../../core/cli-error.ts";
import { atLeast, command } from "../../core/command.ts";
import { errorText } from "../../core/error-text.ts";
import * as flag from "../../core/flag.ts";
import { imagePath } from "./image-path.ts";
import { platformJson } from "./platform-json.ts";

export const remove = command({
  usage: "[OPTIONS] IMAGE [IMAGE...]",
  aliases: ["image rm", "image remove", "rmi"],
  arity: atLeast(1),
  flags: {
    force: flag.bool("Force removal of the image", { short: "f" }),
    "no-prune": flag.bool("Do not delete untagged parents"),
    platform: flag.strings(
      'Remove only the given platform variant. Formatted as "os[/arch[/variant]]" (e.g., "linux/amd64")',
    ),
  },
  async run(context, { flags, args }) {
    const platforms = flags.platform.map((text) => platformJson(text) ?? "");
    const query = {
      force: flags.force,
      noprune: flags["no-prune"],
      platforms: platforms.length === 0 ? undefined : platforms,
    };
    const failures: string[] = [];
    let fatal = false;
    for (const image of args) {
      try {
        const items = await context.client.json<ImageDeleteItem[]>("DELETE", imagePath(image), { query });
        context.out.write(deletedText(items));
      } catch (error) {
        fatal ||= !(error instanceof ApiError && error.status === 404);
        failures.push(errorText(error, context));
      }
    }
    if (failures.length === 0) return 0;
    if (!flags.force || fatal) throw new CliError(failures.join("\n"));
    context.err.write(`${failures.join("\n")}\n`);
    return 0;
  },
});

/** "Untagged: …" and "Deleted: …", one a line. */
export function deletedText(items: readonly ImageDeleteItem[]): string {
  return items
    .map((item) => (item.Deleted ? `Deleted: ${item.Deleted}\n` : `Untagged: ${item.Untagged ?? ""}\n`))
    .join("");
}
