import { copyFileSync, mkdtempSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { busyboxTar } from "../test/harness/busybox.ts";
import { type Contender, call, remove } from "./contender.ts";
import { alternate, figure } from "./measure.ts";
import type { Row } from "./rows.ts";

export const image = "berth-bench-busybox";
const none = ["--network", "none"];

export async function importBusybox(on: Contender): Promise<void> {
  if ((await call(on, ["images", "-q", image])).stdout.trim() !== "") return;
  // Under /tmp, which the peers' own tree sees too.
  const tar = join(mkdtempSync("/tmp/berth-bench-"), "root.tar");
  try {
    copyFileSync(busyboxTar(), tar);
    await call(on, ["import", tar, image]);
  } finally {
    rmSync(dirname(tar), { recursive: true });
  }
}

export const names = (prefix: string, count: number) =>
  Array.from({ length: count }, (_, index) => `bench-${prefix}-${index}`);

/** Starts a container that does nothing. */
export const sleeper = (on: Contender, name: string) =>
  call(on, ["run", "-d", ...none, "--name", name, image, "sleep", "3600"]);

/** Does a task for each item, `width` at a time. */
export async function inParallel<T>(items: T[], width: number, task: (item: T) => Promise<unknown>): Promise<void> {
  const waiting = [...items];
  const work = async () => {
    for (let item = waiting.shift(); item !== undefined; item = waiting.shift()) await task(item);
  };
  await Promise.all(Array.from({ length: width }, work));
}

const timed = async (task: () => Promise<unknown>): Promise<number> => {
  const began = performance.now();
  await task();
  return performance.now() - began;
};

export const containerRows: Row[] = [
  {
    name: "run --rm --network none busybox true",
    podman: true,
    measure: async (contenders, { rounds }) => [
      await alternate(
        "run --rm --network none busybox true",
        contenders,
        rounds * 3,
        async (on) => (await call(on, ["run", "--rm", ...none, image, "true"])).ms,
      ),
    ],
  },
  {
    name: "exec of true; ps with 20 containers",
    podman: true,
    measure: async (contenders, { rounds }) => {
      const all = names("ps", 20);
      const [first = ""] = all;
      for (const on of contenders) for (const name of all) await sleeper(on, name);
      const exec = await alternate(
        "exec of true",
        contenders,
        rounds * 3,
        async (on) => (await call(on, ["exec", first, "true"])).ms,
      );
      const list = await alternate(
        "ps, 20 containers",
        contenders,
        rounds * 5,
        async (on) => (await call(on, ["ps"])).ms,
      );
      for (const on of contenders) await remove(on, all);
      return [exec, list];
    },
  },
  {
    name: "run -d, 20 in a row",
    podman: true,
    measure: async (contenders, { rounds }) => {
      const all = names("row", 20);
      const row = await alternate("run -d, 20 in a row", contenders, Math.ceil(rounds / 3), async (on) => {
        const ms = await timed(async () => {
          for (const name of all) await sleeper(on, name);
        });
        await remove(on, all);
        return ms;
      });
      return [row];
    },
  },
  {
    name: "run -d, 50 at 10 in parallel; rm -f of 50",
    podman: true,
    measure: async (contenders, { rounds }) => {
      const removals = new Map<string, number[]>(contenders.map((on) => [on.name, []]));
      const all = names("fifty", 50);
      const starts = await alternate("run -d, 50 at 10 in parallel", contenders, Math.ceil(rounds / 3), async (on) => {
        const ms = await timed(() => inParallel(all, 10, (name) => sleeper(on, name)));
        removals.get(on.name)?.push((await remove(on, all)).ms);
        return ms;
      });
      return [starts, figure("rm -f of 50", "ms", removals)];
    },
  },
  {
    name: "run of 20 million short lines to the client and the log",
    podman: false,
    measure: async (contenders, { quick }) => {
      const lines = quick ? 4_000_000 : 20_000_000;
      const row = `run of ${lines / 1e6} million short lines to the client and the log`;
      return [
        await alternate(row, contenders, quick ? 1 : 3, async (on) => {
          const ran = await call(on, ["run", ...none, "--name", "bench-lines", image, "seq", String(lines)], {
            discard: true,
          });
          await remove(on, ["bench-lines"]);
          return ran.ms;
        }),
      ];
    },
  },
];
