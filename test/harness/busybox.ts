import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Daemon } from "./daemon.ts";

const busybox = process.env.BERTH_BUSYBOX ?? "/bin/busybox";
const cache = process.env.BERTH_CACHE ?? "/var/cache/berth-dev";

function must(program: string, args: string[]): string {
  const done = spawnSync(program, args, { encoding: "utf8" });
  if (done.status !== 0) throw new Error(`${program} ${args.join(" ")}: ${done.stderr}`);
  return done.stdout;
}

/** A tar of a small root file system around busybox-static, made once and kept outside the checkout. */
export function busyboxTar(): string {
  const tar = join(cache, "busybox-root-2.tar");
  if (existsSync(tar)) return tar;
  mkdirSync(cache, { recursive: true });
  const root = mkdtempSync(join(tmpdir(), "busybox-"));
  for (const folder of ["bin", "etc", "home", "proc", "root", "sys", "tmp", "usr/bin", "var/www"])
    mkdirSync(join(root, folder), { recursive: true });
  must("cp", [busybox, join(root, "bin/busybox")]);
  for (const applet of must(busybox, ["--list"]).trim().split("\n"))
    if (applet !== "busybox") spawnSync("ln", ["-s", "busybox", join(root, "bin", applet)]);
  writeFileSync(
    join(root, "etc/passwd"),
    "root:x:0:0:root:/root:/bin/sh\nwww:x:33:33:www:/var/www:/bin/sh\nnobody:x:65534:65534::/home:/bin/false\n",
  );
  writeFileSync(join(root, "etc/group"), "root:x:0:\nwww:x:33:\nstaff:x:50:www\nnobody:x:65534:\n");
  must("chmod", ["755", root]);
  must("chmod", ["1777", join(root, "tmp")]);
  must("tar", ["-C", root, "--numeric-owner", "--owner=0", "--group=0", "-cf", `${tar}.${process.pid}`, "."]);
  must("mv", [`${tar}.${process.pid}`, tar]);
  rmSync(root, { recursive: true });
  return tar;
}

/** Imports busybox under the name `busybox:latest`. */
export async function importBusybox(daemon: Daemon, name = "busybox"): Promise<void> {
  const done = await daemon.berth(["import", "--change", 'CMD ["sh"]', busyboxTar(), name]);
  if (done.code !== 0) throw new Error(`import: ${done.stderr}`);
}
