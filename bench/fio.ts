import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { type Contender, call } from "./contender.ts";
import { type Figure, figure } from "./measure.ts";
import type { Context } from "./rows.ts";

const image = "berth-bench-fio";

/** fio with its libraries in a small root file system, as an image. */
async function importFio(on: Contender): Promise<void> {
  const root = mkdtempSync("/var/tmp/berth-bench-fio-");
  const linked = execFileSync("ldd", ["/usr/bin/fio"], { encoding: "utf8" });
  const files = [...linked.matchAll(/(\/\S+)/g)].map((match) => match[1] ?? "");
  execFileSync("cp", ["--parents", "-L", "/usr/bin/fio", ...files, root]);
  execFileSync("mkdir", ["-p", join(root, "data"), join(root, "tmp")]);
  execFileSync("tar", ["-C", root, "-cf", `${root}.tar`, "."]);
  await call(on, ["import", `${root}.tar`, image]);
  rmSync(root, { recursive: true });
  rmSync(`${root}.tar`);
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

const bandwidth = (text: string): number => {
  const parsed = JSON.parse(text.slice(text.indexOf("{"))) as {
    jobs: { read: { bw: number }; write: { bw: number } }[];
  };
  return (parsed.jobs[0]?.read.bw ?? 0) + (parsed.jobs[0]?.write.bw ?? 0);
};

/** Milliseconds for a fixed amount of I/O (256 MB) as fio's bandwidth gives it, on the host and inside. */
export async function fioFigures(contenders: Contender[], context: Context): Promise<Figure[]> {
  const berth = contenders[0];
  if (berth === undefined) return [];
  await importFio(berth);
  const host = mkdtempSync("/var/tmp/berth-bench-host-");
  const seconds = context.quick ? 1 : 3;
  const figures: Figure[] = [];
  for (const kind of ["write", "randread", "randwrite"] as const) {
    const samples = new Map<string, number[]>([
      ["berth", []],
      ["docker", []],
      ["podman", []],
    ]);
    const ms = (text: string) => (256 * 1024 * 1000) / bandwidth(text);
    for (let round = 0; round < (context.quick ? 1 : 3); round++) {
      const [program = "", ...args] = job(host, kind, seconds);
      samples.get("docker")?.push(ms(execFileSync(program, args, { encoding: "utf8" })));
      const run = ["run", "--rm", "--network", "none"];
      samples.get("berth")?.push(ms((await call(berth, [...run, image, ...job("/tmp", kind, seconds)])).stdout));
      samples
        .get("podman")
        ?.push(ms((await call(berth, [...run, "-v", "/data", image, ...job("/data", kind, seconds)])).stdout));
    }
    figures.push(
      figure(
        `fio ${kind} 256 MB: writable layer (Berth), host (Docker's column), volume (Podman's column)`,
        "ms",
        samples,
        3,
      ),
    );
  }
  rmSync(host, { recursive: true });
  return figures;
}
