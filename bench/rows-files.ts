import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Contender, call, makeScratch, remove, time } from "./contender.ts";
import { alternate } from "./measure.ts";
import type { Row } from "./rows.ts";
import { image, names } from "./rows-containers.ts";

const holder = "bench-files";

/** A file of so many bytes that no compression makes small, or ten thousand small ones in a hundred folders. */
function sources(dir: string): { big: string; many: string } {
  const big = join(dir, "big");
  const block = Buffer.from(Array.from({ length: 1 << 20 }, (_, index) => (index * 2654435761) >>> 24));
  writeFileSync(big, Buffer.concat(Array.from({ length: 100 }, () => block)));
  const many = join(dir, "many");
  for (let folder = 0; folder < 100; folder++) {
    mkdirSync(join(many, String(folder)), { recursive: true });
    for (let file = 0; file < 100; file++) writeFileSync(join(many, String(folder), String(file)), `file ${file}\n`);
  }
  return { big, many };
}

/** A container that does nothing, and ends when it is asked to. */
const start = (on: Contender, name: string) =>
  call(on, ["run", "-d", "--network", "none", "--name", name, image, "sh", "-c", "trap exit TERM; sleep 3600 & wait"]);

export const fileRows: Row[] = [
  {
    name: "cp of 100 MB and of 10,000 files, in and out; commit; save",
    podman: false,
    measure: async (contenders, { rounds }) => {
      const dir = makeScratch();
      const { big, many } = sources(dir);
      const times = Math.ceil(rounds / 3);
      // ext4 passes over the inodes of files that were removed in the last minute, one by one: each round writes under a
      // name of its own, and nothing is removed before the end.
      let count = 0;
      const row = (name: string, script: (target: string) => string) =>
        alternate(name, contenders, times, (on) => time(on, script(`t${count++}`)));
      try {
        for (const on of contenders) await start(on, holder);
        const bigIn = await row("cp of 100 MB in", (target) => `"$@" cp ${big} ${holder}:/${target}`);
        const manyIn = await row("cp of 10,000 files in", (target) => `"$@" cp ${many} ${holder}:/${target}`);
        for (const on of contenders) {
          await call(on, ["cp", big, `${holder}:/big`]);
          await call(on, ["cp", many, `${holder}:/many`]);
        }
        const bigOut = await row("cp of 100 MB out", (target) => `"$@" cp ${holder}:/big ${dir}/${target}`);
        const manyOut = await row("cp of 10,000 files out", (target) => `"$@" cp ${holder}:/many ${dir}/${target}`);
        const commit = await row("commit of all that", (target) => `"$@" commit ${holder} bench-committed:${target}`);
        for (const on of contenders) await call(on, ["commit", holder, "bench-committed:last"]);
        const save = await row("save of that image", (target) => `"$@" save -o ${dir}/${target} bench-committed:last`);
        return [bigIn, bigOut, manyIn, manyOut, commit, save];
      } finally {
        for (const on of contenders) {
          await remove(on, [holder]);
          const { stdout } = await call(on, ["images", "-q", "bench-committed"]);
          if (stdout.trim() !== "")
            await call(on, ["rmi", "-f", ...new Set(stdout.trim().split("\n"))], { mayFail: true });
        }
        rmSync(dir, { recursive: true, force: true });
      }
    },
  },
  {
    name: "stats --no-stream with 20 containers; stop of 20",
    podman: false,
    measure: async (contenders, { rounds }) => {
      const all = names("many", 20);
      const times = Math.ceil(rounds / 3);
      for (const on of contenders) for (const name of all) await start(on, name);
      const stats = await alternate("stats --no-stream, 20 containers", contenders, times, (on) =>
        time(on, '"$@" stats --no-stream'),
      );
      const stop = await alternate("stop of 20", contenders, times, async (on) => {
        const ms = await time(on, `"$@" stop ${all.join(" ")}`);
        await call(on, ["start", ...all]);
        return ms;
      });
      for (const on of contenders) await remove(on, all);
      return [stats, stop];
    },
  },
];
