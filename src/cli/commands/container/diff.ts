import { apiPath } from "../../../api/client/index.ts";
import { command, exactly } from "../../core/command.ts";

const KINDS = ["C", "A", "D"];

export const diff = command({
  usage: "CONTAINER",
  aliases: ["container diff", "diff"],
  arity: exactly(1),
  flags: {},
  async run(context, { args: [name = ""] }) {
    const changes = await context.client.json<{ Kind: number; Path: string }[] | null>(
      "GET",
      apiPath`/containers/${name}/changes`,
    );
    context.out.write((changes ?? []).map(({ Kind, Path }) => `${KINDS[Kind] ?? "?"} ${Path}\n`).join(""));
    return 0;
  },
});
