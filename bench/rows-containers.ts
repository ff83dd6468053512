import { copyFileSync, mkdtempSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { busyboxTar } from "../test/harness/busybox.ts";
import { type Contender, call, forceful, remove, time } from "./contender.ts";
import { alternate, figure } from "./measure.ts";
import type { Row } from "./rows.ts";

export const image = "berth-bench-busybox";

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
const sleeper = (on: Contender, name: string) =>
  call(on, ["run", "-d", "--network", "none", "--name", name, image, "sleep", "3600"]);

/** Bash that starts such a container; the name may be a variable of the shell's. */
export const startSleeper = (name: string) => `"$@" run -d --network none --name ${name} ${image} sleep 3600`;

export const containerRows: Row[] = [
  {
    name: "run --rm --network none busybox true",
    podman: true,
    measure: async (contenders, { rounds }) => [
      await alternate("run --rm --network none busybox true", contenders, rounds * 3, (on) =>
        time(on, `"$@" run --rm --network none ${image} true`),
      ),
    ],
  },
  {
    name: "exec of true; ps with 20 containers",
    podman: true,
    measure: async (contenders, { rounds }) => {
      const all = names("ps", 20);
      for (const on of contenders) for (const name of all) await sleeper(on, name);
      const exec = await alternate("exec of true", contenders, rounds * 3, (on) =>
        time(on, `"$@" exec ${all[0]} true`),
      );
      const list = await alternate("ps, 20 containers", contenders, rounds * 5, (on) => time(on, '"$@" ps'));
      for (const on of contenders) await remove(on, all);
      return [exec, list];
    },
  },
  {
    name: "run -d, 20 in a row",
    podman: true,
    measure: async (contenders, { rounds }) => {
      const all = names("row", 20);
      const script = `for name in ${all.join(" ")}; do ${startSleeper("$name")}; done`;
      const row = await alternate("run -d, 20 in a row", contenders, Math.ceil(rounds / 3), async (on) => {
        const ms = await time(on, script);
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
      const script = `printf '%s\\n' ${all.join(" ")} | xargs -P 10 -I{} ${startSleeper("{}")}`;
      const starts = await alternate("run -d, 50 at 10 in parallel", contenders, Math.ceil(rounds / 3), async (on) => {
        const ms = await time(on, script);
        removals.get(on.name)?.push(await time(on, `"$@" ${forceful(on)} ${all.join(" ")}`));
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
      const script = `"$@" run --network none --name bench-lines ${image} seq ${lines}`;
      return [
        await alternate(row, contenders, quick ? 1 : 3, async (on) => {
          const ms = await time(on, script);
          await remove(on, ["bench-lines"]);
          return ms;
        }),
      ];
    },
  },
];
