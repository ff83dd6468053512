import { busyboxTar } from "../test/harness/busybox.ts";
import { type Contender, call } from "./contender.ts";
import { alternate } from "./measure.ts";
import type { Row } from "./rows.ts";

const image = "berth-bench-busybox";
const none = ["--network", "none"];

export async function importBusybox(on: Contender): Promise<void> {
  if ((await call(on, ["images", "-q", image])).stdout.trim() !== "") return;
  await call(on, ["import", busyboxTar(), image]);
}

const names = (prefix: string, count: number) => Array.from({ length: count }, (_, index) => `${prefix}-${index}`);
const sleeper = (name: string) => ["run", "-d", ...none, "--name", name, image, "sleep", "3600"];

async function inParallel(count: number, width: number, task: (index: number) => Promise<unknown>): Promise<void> {
  let next = 0;
  const work = async () => {
    while (next < count) await task(next++);
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
      for (const on of contenders) for (const name of names("bench-ps", 20)) await call(on, sleeper(name));
      const exec = await alternate(
        "exec of true",
        contenders,
        rounds * 3,
        async (on) => (await call(on, ["exec", "bench-ps-0", "true"])).ms,
      );
      const ps = await alternate(
        "ps, 20 containers",
        contenders,
        rounds * 5,
        async (on) => (await call(on, ["ps"])).ms,
      );
      for (const on of contenders) await call(on, ["rm", "-f", "-t", "0", ...names("bench-ps", 20)], { mayFail: true });
      for (const on of contenders) await call(on, ["rm", "-f", ...names("bench-ps", 20)], { mayFail: true });
      return [exec, ps];
    },
  },
  {
    name: "run -d, 20 in a row",
    podman: true,
    measure: async (contenders, { rounds }) => [
      await alternate("run -d, 20 in a row", contenders, Math.ceil(rounds / 3), async (on) => {
        const ms = await timed(async () => {
          for (const name of names("bench-row", 20)) await call(on, sleeper(name));
        });
        await call(on, ["rm", "-f", ...names("bench-row", 20)]);
        return ms;
      }),
    ],
  },
  {
    name: "run -d, 50 at 10 in parallel; rm -f of 50",
    podman: true,
    measure: async (contenders, { rounds }) => {
      const removals = new Map<string, number[]>(contenders.map((on) => [on.name, []]));
      const all = names("bench-fifty", 50);
      const starts = await alternate("run -d, 50 at 10 in parallel", contenders, Math.ceil(rounds / 3), async (on) => {
        const ms = await timed(() => inParallel(50, 10, (index) => call(on, sleeper(all[index] ?? ""))));
        removals.get(on.name)?.push((await call(on, ["rm", "-f", ...all])).ms);
        return ms;
      });
      const taken = async (on: Contender, round: number) => removals.get(on.name)?.[round] ?? Number.NaN;
      return [starts, await alternate("rm -f of 50", contenders, Math.ceil(rounds / 3), taken)];
    },
  },
  {
    name: "run of 20 million short lines to the client and the log",
    podman: false,
    measure: async (contenders, { quick }) => {
      const lines = quick ? 4_000_000 : 20_000_000;
      const script = ["seq", String(lines)];
      return [
        await alternate(`run of ${lines / 1e6} million short lines`, contenders, quick ? 1 : 3, async (on) => {
          const ran = await call(on, ["run", ...none, "--name", "bench-lines", image, ...script], { discard: true });
          await call(on, ["rm", "-f", "bench-lines"]);
          return ran.ms;
        }),
      ];
    },
  },
];
