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
      const row = (name: string, script: string, after?: (on: Contender) => Promise<unknown>) =>
        alternate(name, contenders, times, async (on) => {
          const ms = await time(on, script);
          await after?.(on);
          return ms;
        });
      const clear = (path: string) => async (on: Contender) => call(on, ["exec", holder, "rm", "-rf", path]);
      const out = join(dir, "out");
      const clearOut = async () => rmSync(out, { recursive: true, force: true });
      try {
        for (const on of contenders) await start(on, holder);
        const bigIn = await row("cp of 100 MB in", `"$@" cp ${big} ${holder}:/big`, clear("/big"));
        const manyIn = await row("cp of 10,000 files in", `"$@" cp ${many} ${holder}:/many`, clear("/many"));
        for (const on of contenders) {
          await call(on, ["cp", big, `${holder}:/big`]);
          await call(on, ["cp", many, `${holder}:/many`]);
        }
        const bigOut = await row("cp of 100 MB out", `"$@" cp ${holder}:/big ${out}`, clearOut);
        const manyOut = await row("cp of 10,000 files out", `"$@" cp ${holder}:/many ${out}`, clearOut);
        const dropImage = async (on: Contender) => call(on, ["rmi", "-f", "bench-committed"]);
        const commit = await row("commit of those", `"$@" commit ${holder} bench-committed`, dropImage);
        for (const on of contenders) await call(on, ["commit", holder, "bench-committed"]);
        const save = await row("save of that image", `"$@" save -o ${out} bench-committed`, clearOut);
        for (const on of contenders) await dropImage(on);
        return [bigIn, bigOut, manyIn, manyOut, commit, save];
      } finally {
        for (const on of contenders) await remove(on, [holder]);
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
