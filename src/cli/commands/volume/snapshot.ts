import { apiPath } from "../../../api/client/index.ts";
import { humanSize } from "../../../lib/text/index.ts";
import type { VolumeSnapshot } from "../../../spec/api/index.ts";
import { CliError } from "../../core/cli-error.ts";
import { atLeast, type Command, command } from "../../core/command.ts";
import type { Context } from "../../core/context.ts";
import * as flag from "../../core/flag.ts";
import { FORMAT_USAGE } from "../../format/format-flag.ts";
import { formatList } from "../../format/list-format.ts";
import type { ListType } from "../../format/list-type.ts";
import { each } from "../container/each.ts";

const flags = {
  format: flag.string(FORMAT_USAGE),
  pause: flag.bool("create: freeze the containers that use the volume while it is copied"),
  quiet: flag.bool("ls: only display names", { short: "q" }),
};

const LIST: ListType<VolumeSnapshot> = {
  name: "snapshotContext",
  columns: {
    Name: { header: "SNAPSHOT", value: (row) => row.Name },
    Volume: { header: "VOLUME NAME", value: (row) => row.Volume },
    CreatedAt: { header: "CREATED", value: (row) => row.CreatedAt },
    Size: { header: "SIZE", value: (row) => (row.Size < 0 ? "N/A" : humanSize(row.Size)) },
  },
};

type Wishes = { format: string; pause: boolean; quiet: boolean };
type Verb = (context: Context, volume: string, names: readonly string[], wishes: Wishes) => Promise<number>;

const verbs: Record<string, Verb> = { create, ls: list, list, restore, rm: remove, remove };

export const snapshot: Command<typeof flags> = command({
  usage: "create|ls|restore|rm [OPTIONS] VOLUME [SNAPSHOT...]",
  examples: `volume snapshot create VOLUME [SNAPSHOT]   keeps the volume's files as they are now
volume snapshot ls VOLUME                  lists what is kept
volume snapshot restore VOLUME SNAPSHOT    makes them the volume's files again; no container may run with it
volume snapshot rm VOLUME SNAPSHOT...      removes what was kept`,
  arity: atLeast(2),
  flags,
  async run(context, { flags: wishes, args: [verb = "", volume = "", ...names] }) {
    const run = Object.hasOwn(verbs, verb) ? verbs[verb] : undefined;
    if (run === undefined)
      throw new CliError(`unknown command: volume snapshot ${verb}: use create, ls, restore or rm`);
    return run(context, volume, names, wishes);
  },
});

async function create(context: Context, volume: string, names: readonly string[], { pause }: Wishes): Promise<number> {
  if (names.length > 1) throw new CliError("volume snapshot create makes one snapshot at a time");
  const [name] = names;
  const made = await context.client.json<VolumeSnapshot>("POST", apiPath`/volumes/${volume}/snapshots`, {
    json: { Pause: pause, ...(name === undefined ? {} : { Name: name }) },
  });
  context.out.write(`${made.Name}\n`);
  return 0;
}

async function list(context: Context, volume: string, names: readonly string[], wishes: Wishes): Promise<number> {
  if (names.length > 0) throw new CliError("volume snapshot ls takes one volume");
  const rows = await context.client.json<VolumeSnapshot[]>("GET", apiPath`/volumes/${volume}/snapshots`);
  if (wishes.quiet) context.out.write(rows.map((row) => `${row.Name}\n`).join(""));
  else context.out.write(await formatList(LIST, rows, wishes.format, ["Name", "CreatedAt", "Size"]));
  return 0;
}

async function restore(context: Context, volume: string, names: readonly string[]): Promise<number> {
  const [name] = names;
  if (name === undefined || names.length > 1) throw new CliError("volume snapshot restore needs one snapshot's name");
  await context.client.call("POST", apiPath`/volumes/${volume}/snapshots/${name}/restore`);
  context.out.write(`${name}\n`);
  return 0;
}

function remove(context: Context, volume: string, names: readonly string[]): Promise<number> {
  if (names.length === 0) throw new CliError("volume snapshot rm needs the names of snapshots");
  return each(
    context,
    names,
    async (name) => {
      await context.client.call("DELETE", apiPath`/volumes/${volume}/snapshots/${name}`);
      return undefined;
    },
    { parallel: 1 },
  );
}
