import { apiPath, readJsonStream } from "../../../api/client/index.ts";
import type { ContainerStats, ContainerSummary, EventMessage } from "../../../spec/api/index.ts";
import { command } from "../../core/command.ts";
import type { Context } from "../../core/context.ts";
import * as flag from "../../core/flag.ts";
import { FORMAT_USAGE } from "../../format/format-flag.ts";
import { formatList } from "../../format/list-format.ts";
import { figuresOf, type StatsRow, statsList } from "../../format/stats-list.ts";

const COLUMNS = ["ID", "Name", "CPUPerc", "MemUsage", "MemPerc", "NetIO", "BlockIO", "PIDs"];
/** Milliseconds between two pictures. */
const REFRESH = 500;
const HOME = "\u001b[H";
const CLEAR = "\u001b[2J";
const CLEAR_LINE = "\u001b[K";
const CLEAR_BELOW = "\u001b[J";

export const stats = command({
  usage: "[OPTIONS] [CONTAINER...]",
  aliases: ["container stats", "stats"],
  arity: { min: 0 },
  flags: {
    all: flag.bool("Show all containers (default shows just running)", { short: "a" }),
    format: flag.string(FORMAT_USAGE),
    "no-stream": flag.bool("Disable streaming stats and only pull the first result"),
    "no-trunc": flag.bool("Do not truncate output"),
  },
  async run(context, { flags, args }) {
    const format = flags.format || (context.config.statsFormat ?? "");
    const type = statsList({ truncate: !flags["no-trunc"] });
    const show = (rows: readonly StatsRow[]) => formatList(type, rows, format, COLUMNS);
    if (flags["no-stream"]) {
      const names = args.length > 0 ? args : await containersOf(context, flags.all);
      context.out.write(await show(await Promise.all(names.map((name) => once(context, name)))));
      return 0;
    }
    const board = createBoard(context);
    if (args.length > 0) await Promise.all(args.map((name) => board.expect(name)));
    else await board.followAll(flags.all);
    return refresh(context, board, args.length === 0, show);
  },
});

async function containersOf(context: Context, all: boolean): Promise<string[]> {
  const rows = await context.client.json<ContainerSummary[]>("GET", "/containers/json", { query: { all } });
  return rows.map(({ Id }) => Id);
}

const shortName = (name: string) => (/^[0-9a-f]{64}$/.test(name) ? name.slice(0, 12) : name);

async function once(context: Context, name: string): Promise<StatsRow> {
  const path = apiPath`/containers/${name}/stats`;
  const document = await context.client.json<ContainerStats>("GET", path, { query: { stream: "0" } });
  return { container: shortName(name), figures: figuresOf(document) };
}

/** The containers that are watched, each by a stream of its own. */
interface Board {
  /** Begins to watch; rejects where there is no such container. */
  expect(name: string): Promise<void>;
  /** Watches what runs (or all there is), and what comes. */
  followAll(all: boolean): Promise<void>;
  rows(): StatsRow[];
  /** Resolves when every container has its first figures. */
  ready(): Promise<unknown>;
}

function createBoard(context: Context): Board {
  const rows = new Map<string, StatsRow>();
  const first: Promise<void>[] = [];
  const watch = async (name: string) => {
    if (rows.has(name)) return;
    const container = shortName(name);
    rows.set(name, { container, figures: undefined });
    const path = apiPath`/containers/${name}/stats`;
    const response = await context.client.request("GET", path, { query: { stream: "1" } });
    first.push(
      new Promise((resolve) => {
        const reading = readJsonStream<ContainerStats>(response, (document) => {
          if (rows.has(name)) rows.set(name, { container, figures: figuresOf(document) });
          resolve();
        });
        const over = () => {
          resolve();
          rows.delete(name);
        };
        void reading.then(over, over);
      }),
    );
  };
  return {
    expect: watch,
    async followAll(all) {
      const filters = JSON.stringify({ type: ["container"] });
      const events = await context.client.request("GET", "/events", { query: { filters } });
      const begin = all ? "create" : "start";
      void readJsonStream<EventMessage>(events, ({ Action, Actor }) => {
        if (Action === begin) void watch(Actor.ID).catch(() => rows.delete(Actor.ID));
        if (Action === "destroy" || (!all && Action === "die")) rows.delete(Actor.ID);
      }).catch(() => undefined);
      const names = await containersOf(context, all);
      await Promise.all(names.map((name) => watch(name).catch(() => rows.delete(name))));
    },
    rows: () => [...rows.values()],
    ready: () => Promise.all(first),
  };
}

async function refresh(
  context: Context,
  board: Board,
  everything: boolean,
  show: (rows: readonly StatsRow[]) => Promise<string>,
): Promise<number> {
  await board.ready();
  context.out.write(CLEAR);
  for (;;) {
    const rows = board.rows();
    const text = await show(rows);
    context.out.write(`${HOME}${text.replaceAll("\n", `${CLEAR_LINE}\n`)}${CLEAR_BELOW}`);
    if (rows.length === 0 && !everything) return 0;
    await new Promise((resolve) => setTimeout(resolve, REFRESH));
  }
}
