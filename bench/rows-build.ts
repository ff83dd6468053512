import { cpSync, existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Contender, call, makeScratch, time } from "./contender.ts";
import { alternate, type Figure } from "./measure.ts";
import type { Context, Row } from "./rows.ts";
import { image } from "./rows-containers.ts";

const PLUGINS = ["usr/libexec/docker/cli-plugins", "usr/lib/docker/cli-plugins"];

/** Docker builds with BuildKit where its client finds buildx: the peers' own, under a configuration of its own. */
function withBuildx(on: Contender, scratch: string): Contender {
  if (on.name !== "docker") return on;
  const tree = join(process.env.PEERS_DIR ?? "/var/tmp/peers", "debian13");
  const plugin = PLUGINS.map((folder) => join(tree, folder, "docker-buildx")).find((path) => existsSync(path));
  if (plugin === undefined) throw new Error("the peers have no buildx");
  const config = join(scratch, "config");
  mkdirSync(join(config, "cli-plugins"), { recursive: true });
  cpSync(plugin, join(config, "cli-plugins/docker-buildx"));
  return { ...on, env: { ...on.env, DOCKER_CONFIG: config } };
}

interface BuildRow {
  readonly row: string;
  readonly dockerfile: string;
  /** Fills the context, once. */
  readonly files?: (folder: string) => void;
  /** What changes before each build, outside of the time. */
  readonly before?: (folder: string, round: number) => void;
  readonly flags?: string;
  readonly rounds?: number;
}

/** Each engine builds from a folder of its own, once ahead of the rounds. */
async function measureBuild(contenders: Contender[], { rounds, quick }: Context, given: BuildRow): Promise<Figure[]> {
  const scratch = makeScratch();
  try {
    const able = contenders.map((on) => withBuildx(on, scratch));
    const folderOf = (on: Contender) => join(scratch, on.name);
    const args = (on: Contender) => [
      "build",
      "-q",
      ...(given.flags?.split(" ") ?? []),
      "-t",
      "bench-build",
      folderOf(on),
    ];
    for (const on of able) {
      mkdirSync(folderOf(on));
      writeFileSync(join(folderOf(on), "Dockerfile"), given.dockerfile);
      given.files?.(folderOf(on));
      given.before?.(folderOf(on), -1);
      await call(on, args(on));
    }
    const figure = await alternate(given.row, able, quick ? 3 : (given.rounds ?? rounds), (on, round) => {
      given.before?.(folderOf(on), round);
      return time(on, `"$@" ${args(on).join(" ")}`);
    });
    for (const on of able) await call(on, ["rmi", "-f", "bench-build"], { mayFail: true });
    return [figure];
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

const from = `FROM ${image}\n`;
const steps = (count: number) =>
  Array.from({ length: count }, (_, index) => `RUN echo ${index} > /step-${index}\n`).join("");
const five = `${from}${steps(5)}`;

/** 20,000 files of 10 kB in 200 folders. */
function manyFiles(folder: string): void {
  for (let outer = 0; outer < 200; outer++) {
    mkdirSync(join(folder, `d${outer}`));
    for (let inner = 0; inner < 100; inner++)
      writeFileSync(join(folder, `d${outer}/f${inner}`), `${outer}/${inner}\n`.padEnd(10_000, "x"));
  }
}

const BUILDS: readonly BuildRow[] = [
  { row: "build of five small steps, no cache", dockerfile: five, flags: "--no-cache" },
  { row: "build of the same, all cached", dockerfile: five },
  {
    row: "build with one source changed at the end of 10 steps",
    dockerfile: `${from}${steps(8)}COPY source /\nRUN wc -c < /source > /size\n`,
    before: (folder, round) => writeFileSync(join(folder, "source"), `round ${round}, ${process.pid}\n`),
  },
  {
    row: "build from a context of 20,000 files (200 MB), nothing changed",
    dockerfile: `${from}COPY . /src\n`,
    files: manyFiles,
  },
  {
    row: "build of four independent stages that each compute for about 2 s",
    dockerfile:
      ["a", "b", "c", "d"]
        .map(
          (name) =>
            `FROM ${image} AS ${name}\nRUN dd if=/dev/zero bs=1M count=400 2>/dev/null | sha256sum > /${name}\n`,
        )
        .join("") + `${from}${["a", "b", "c", "d"].map((name) => `COPY --from=${name} /${name} /\n`).join("")}`,
    flags: "--no-cache",
    rounds: 3,
  },
  {
    row: "build with a RUN that writes 10,000 files",
    dockerfile: `${from}RUN mkdir /many && cd /many && i=0; while [ $i -lt 10000 ]; do echo $i > $i; i=$((i+1)); done\n`,
    flags: "--no-cache",
    rounds: 5,
  },
];

export const buildRows: Row[] = BUILDS.map((given) => ({
  name: given.row,
  podman: false,
  measure: (contenders, context) => measureBuild(contenders, context, given),
}));
