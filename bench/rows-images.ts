import { execFileSync, spawn } from "node:child_process";
import { existsSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Contender, call, makeScratch, time } from "./contender.ts";
import { alternate, type Figure, figure } from "./measure.ts";
import { slowestPing } from "./ping.ts";
import type { Context, Row } from "./rows.ts";

const reference = "127.0.0.1:5055/debian:bench";

/** A registry beside the contenders, holding the Debian image as one gzip layer; gives what ends it. */
async function startRegistry(tar: string, network: number | undefined): Promise<() => void> {
  const dir = makeScratch();
  const inside = (args: string[]) =>
    network === undefined ? args : ["nsenter", "-t", String(network), "-n", "--", ...args];
  const exec = (args: string[]) => {
    const [program = "", ...rest] = inside(args);
    return execFileSync(program, rest, { stdio: ["ignore", "pipe", "inherit"] });
  };
  const config = `version: 0.1\nstorage:\n  filesystem:\n    rootdirectory: ${dir}/data\nhttp:\n  addr: 127.0.0.1:5055\nlog:\n  level: error\n`;
  writeFileSync(join(dir, "config.yml"), config);
  const [program = "", ...args] = inside(["docker-registry", "serve", join(dir, "config.yml")]);
  const server = spawn(program, args, { stdio: "ignore" });
  execFileSync("umoci", ["init", "--layout", join(dir, "oci")]);
  execFileSync("umoci", ["new", "--image", `${join(dir, "oci")}:bench`]);
  execFileSync("umoci", ["raw", "add-layer", "--image", `${join(dir, "oci")}:bench`, tar]);
  for (let tries = 0; ; tries++) {
    try {
      exec([
        "skopeo",
        "copy",
        "-q",
        "--insecure-policy",
        "--dest-tls-verify=false",
        `oci:${join(dir, "oci")}:bench`,
        `docker://${reference}`,
      ]);
      break;
    } catch (error) {
      if (tries > 20) throw error;
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  }
  return () => {
    server.kill("SIGTERM");
    rmSync(dir, { recursive: true, force: true });
  };
}

const forget = async (on: Contender, name: string) => {
  await call(on, ["rmi", "-f", name], { mayFail: true });
};

/** Times a way of getting an image, again and again, and watches how long the daemon keeps others waiting meanwhile. */
async function transfers(
  row: string,
  contenders: Contender[],
  context: Context,
  { args, name }: { args: string[]; name: string },
): Promise<Figure[]> {
  const waits = new Map<string, number[]>(contenders.map((on) => [on.name, []]));
  const times = await alternate(row, contenders, context.quick ? 1 : 5, async (on) => {
    await forget(on, name);
    return time(on, `"$@" ${args.join(" ")}`);
  });
  // Apart from the times, which the questions would lengthen.
  for (let round = 0; round < (context.quick ? 1 : 3); round++)
    for (const on of contenders) {
      await forget(on, name);
      waits.get(on.name)?.push(await slowestPing(on, () => call(on, args)));
    }
  for (const on of contenders) await forget(on, name);
  return [times, figure("… the longest that a ping waits meanwhile", "ms", waits)];
}

async function pulls(contenders: Contender[], context: Context): Promise<Figure[]> {
  const stop = await startRegistry(context.debian(), context.network);
  try {
    const row = "pull of it from a registry beside it (gzip)";
    return await transfers(row, contenders, context, { args: ["pull", "-q", reference], name: reference });
  } finally {
    stop();
  }
}

export const imageRows: Row[] = [
  {
    name: "import of a Debian tar",
    podman: false,
    measure: (contenders, context) => {
      const args = ["import", context.debian(), "bench-debian"];
      return transfers("import of a 252 MB Debian tar", contenders, context, { args, name: "bench-debian" });
    },
  },
  { name: "pull of a Debian image", podman: false, measure: pulls },
  {
    name: "fio in the writable layer and in a volume",
    podman: false,
    measure: async (contenders, context) => {
      const [berth] = contenders;
      if (berth === undefined || !existsSync("/usr/bin/fio")) return [];
      const { fioFigures } = await import("./fio.ts");
      return fioFigures(berth, context);
    },
  },
];
