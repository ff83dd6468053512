import { execFileSync } from "node:child_process";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { type Contender, call, makeScratch } from "./contender.ts";
import { type Figure, figure } from "./measure.ts";
import type { Context } from "./rows.ts";

const image = "berth-bench-fio";

/** fio with its libraries in a small root file system, as an image. */
async function importFio(on: Contender): Promise<void> {
  const scratch = makeScratch();
  const root = join(scratch, "root");
  const linked = execFileSync("ldd", ["/usr/bin/fio"], { encoding: "utf8" });
  const files = [...linked.matchAll(/(\/\S+)/g)].map((match) => match[1] ?? "");
  execFileSync("mkdir", [root]);
  execFileSync("cp", ["--parents", "-L", "/usr/bin/fio", ...files, root]);
  execFileSync("mkdir", ["-p", join(root, "data"), join(root, "tmp")]);
  execFileSync("tar", ["-C", root, "-cf", `${root}.tar`, "."]);
  await call(on, ["import", `${root}.tar`, image]);
  rmSync(scratch, { recursive: true });
}

const job = (folder: string, kind: "write" | "randread" | "randwrite", seconds: number) => [
  ...[
    "fio",
    "--name=job",
    `--directory=${folder}`,
    `--rw=${kind}`,
    "--size=256m",
    "--ioengine=psync",
    "--output-format=json",
  ],
  ...[
    "--time_based",
    `--runtime=${seconds}`,
    `--bs=${kind === "write" ? "1m" : "4k"}`,
    "--fallocate=none",
    "--group_reporting",
  ],
];

/** MB per second, as fio says it. */
const bandwidth = (text: string): number => {
  const parsed = JSON.parse(text.slice(text.indexOf("{"))) as {
    jobs: { read: { bw: number }; write: { bw: number } }[];
  };
  return (((parsed.jobs[0]?.read.bw ?? 0) + (parsed.jobs[0]?.write.bw ?? 0)) * 1024) / 1e6;
};

/** MB per second on the host and inside; all of them on the same disk, one after the other. */
export async function fioFigures(berth: Contender, context: Context): Promise<Figure[]> {
  await importFio(berth);
  const host = makeScratch();
  const seconds = context.quick ? 1 : 3;
  const run = ["run", "--rm", "--network", "none"];
  const figures: Figure[] = [];
  for (const kind of ["write", "randread", "randwrite"] as const) {
    const samples = { host: [] as number[], layer: [] as number[], volume: [] as number[] };
    const [program = "", ...args] = job(host, kind, seconds);
    for (let round = 0; round < (context.quick ? 1 : 5); round++) {
      samples.host.push(bandwidth(execFileSync(program, args, { encoding: "utf8" })));
      samples.layer.push(bandwidth((await call(berth, [...run, image, ...job("/tmp", kind, seconds)])).stdout));
      const volume = [...run, "-v", "/data", image, ...job("/data", kind, seconds)];
      samples.volume.push(bandwidth((await call(berth, volume)).stdout));
    }
    figures.push(figure(`fio ${kind}, 256 MB`, "MB/s", new Map(Object.entries(samples))));
  }
  rmSync(host, { recursive: true });
  return figures;
}
