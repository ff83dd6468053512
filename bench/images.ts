import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, renameSync } from "node:fs";
import { join } from "node:path";

const cache = process.env.BERTH_CACHE ?? "/var/cache/berth-dev";

/** A tar of a Debian root file system of about 250 MB, made from Debian's packages once. Needs mmdebstrap. */
export function debianImage(): string {
  const tar = join(cache, "debian-bench-1.tar");
  if (existsSync(tar)) return tar;
  mkdirSync(cache, { recursive: true });
  const include = "--include=python3,git,perl-modules";
  execFileSync("mmdebstrap", ["--quiet", "--variant=minbase", include, "bookworm", `${tar}.part.tar`], {
    stdio: "inherit",
  });
  renameSync(`${tar}.part.tar`, tar);
  return tar;
}
