import { execFileSync, spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Contender, call } from "./contender.ts";
import { alternate } from "./measure.ts";
import type { Context, Row } from "./rows.ts";

const reference = "127.0.0.1:5055/debian:bench";

/** A registry beside the contenders, holding the Debian image as one gzip layer; gives what ends it. */
async function startRegistry(tar: string, network: number | undefined): Promise<() => void> {
  const dir = mkdtempSync("/var/tmp/berth-bench-registry-");
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

async function pulls(contenders: Contender[], context: Context) {
  const stop = await startRegistry(context.debian(), context.network);
  try {
    return [
      await alternate("pull of it from a registry beside it (gzip)", contenders, context.quick ? 1 : 5, async (on) => {
        await forget(on, reference);
        return (await call(on, ["pull", "-q", reference])).ms;
      }),
    ];
  } finally {
    for (const on of contenders) await forget(on, reference);
    stop();
  }
}

export const imageRows: Row[] = [
  {
    name: "import of a Debian tar",
    podman: false,
    measure: async (contenders, context) => {
      const tar = context.debian();
      const figures = await alternate(
        "import of a 252 MB Debian tar",
        contenders,
        context.quick ? 1 : 5,
        async (on) => {
          const { ms } = await call(on, ["import", tar, "bench-debian"]);
          await forget(on, "bench-debian");
          return ms;
        },
      );
      return [figures];
    },
  },
  { name: "pull of a Debian image", podman: false, measure: pulls },
  {
    name: "fio in the writable layer and in a volume",
    podman: false,
    measure: async (contenders, context) => {
      if (!existsSync("/usr/bin/fio")) return [];
      const { fioFigures } = await import("./fio.ts");
      return fioFigures(contenders, context);
    },
  },
];
