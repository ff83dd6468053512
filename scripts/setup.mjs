// What a machine needs before Berth can be built and run: npm packages by the lock file and, on Debian and its
// kin, system packages by apt-get. Plain Node without any package, for it runs before there are any.
import { execFileSync, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  accessSync,
  constants,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";

export const root = fileURLToPath(new URL("..", import.meta.url)).replace(/\/$/, "");
export const cache =
  process.env.BERTH_CACHE ??
  (process.getuid() === 0 ? "/var/cache/berth-dev" : join(process.env.HOME ?? "/tmp", ".cache/berth-dev"));
const sbin = ["/usr/local/sbin", "/usr/sbin", "/sbin"];

/** The first folder of PATH, or of the sbin folders, that has the program; undefined where none has. */
export function which(program) {
  for (const folder of [...(process.env.PATH ?? "").split(delimiter), ...sbin]) {
    const path = join(folder || ".", program);
    try {
      accessSync(path, constants.X_OK);
      return path;
    } catch {}
  }
  return undefined;
}

export const say = (text) => process.stdout.write(`${text}\n`);

/** Ends the process with a message for people. */
export function fail(text) {
  process.stderr.write(`\n${text}\n`);
  process.exit(1);
}

// What must be there, and the package that has it: Debian's name, then the names elsewhere.
const needed = [
  { program: "crun", apt: "crun", others: { dnf: "crun", pacman: "crun", zypper: "crun", apk: "crun" } },
  { program: "conmon", apt: "conmon", others: { dnf: "conmon", pacman: "conmon", zypper: "conmon", apk: "conmon" } },
  {
    program: "ip",
    apt: "iproute2",
    others: { dnf: "iproute", pacman: "iproute2", zypper: "iproute2", apk: "iproute2" },
  },
  {
    program: "nft",
    apt: "nftables",
    others: { dnf: "nftables", pacman: "nftables", zypper: "nftables", apk: "nftables" },
  },
  {
    program: "catatonit",
    apt: "catatonit",
    others: { dnf: "catatonit", pacman: "catatonit", zypper: "catatonit", apk: "catatonit" },
  },
];

function checkNode() {
  const [major, minor] = process.versions.node.split(".").map(Number);
  if (major > 20 || (major === 20 && minor >= 19)) return;
  fail(`Berth needs Node 20.19 or newer; this is ${process.version}.`);
}

/** Installs the locked npm packages, unless they are those of this lock file already. */
function npmPackages() {
  const lock = createHash("sha256")
    .update(readFileSync(join(root, "package-lock.json")))
    .digest("hex");
  const stamp = join(root, "node_modules/.berth-lock");
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === lock) return;
  say("· installing the npm packages of package-lock.json");
  const done = spawnSync("npm", ["ci", "--no-audit", "--no-fund", "--loglevel=error"], {
    cwd: root,
    stdio: ["ignore", "ignore", "inherit"],
  });
  if (done.status !== 0) fail("npm ci failed; see above. Is the npm registry within reach?");
  // An npm that runs no install scripts leaves a placeholder in bun's place; the package brings the program along.
  if (statSync(join(root, "node_modules/bun/bin/bun.exe")).size < 1 << 20)
    execFileSync(process.execPath, ["install.js"], { cwd: join(root, "node_modules/bun"), stdio: "inherit" });
  writeFileSync(stamp, lock);
}

const asRoot = (args) => (process.getuid() === 0 ? args : ["sudo", ...args]);

let listsAreFresh = false;
function apt(args, options = {}) {
  if (!listsAreFresh) {
    listsAreFresh = true;
    spawnSync(asRoot(["apt-get"])[0], [...asRoot(["apt-get"]).slice(1), "update", "-q"], { stdio: "ignore" });
  }
  const [program, ...rest] = asRoot(["env", "DEBIAN_FRONTEND=noninteractive", "apt-get", ...args]);
  return spawnSync(program, rest, { stdio: ["ignore", "ignore", "inherit"], ...options });
}

// What only the tests use, beside that.
const neededByTests = [
  ["xz", "xz-utils"],
  ["zstd", "zstd"],
  ["bzip2", "bzip2"],
  ["setfattr", "attr"],
  ["lsattr", "e2fsprogs"],
  ["ps", "procps"],
  ["mount", "mount"],
  ["script", "bsdutils"],
  ["openssl", "openssl"],
  ["python3", "python3"],
  ["curl", "curl"],
].map(([program, apt]) => ({ program, apt, others: { dnf: apt, pacman: apt, zypper: apt, apk: apt } }));

function systemPackages(wanted) {
  const missing = wanted.filter(({ program }) => which(program) === undefined);
  if (missing.length === 0) return;
  if (which("apt-get") === undefined) {
    const manager = ["dnf", "pacman", "zypper", "apk"].find((name) => which(name) !== undefined);
    const names = missing.map((entry) => (manager === undefined ? entry.program : entry.others[manager]));
    const command = { dnf: "dnf install", pacman: "pacman -S", zypper: "zypper install", apk: "apk add" }[manager];
    fail(
      `Install these first${command === undefined ? "" : `, with “${command} ${names.join(" ")}”`}: ${names.join(", ")}.`,
    );
  }
  if (process.getuid() !== 0 && which("sudo") === undefined) fail("Run this as root, or install sudo.");
  const packages = missing.map((entry) => entry.apt);
  say(`· installing ${packages.join(", ")} with apt-get`);
  const done = apt(["install", "-qy", "--no-install-recommends", ...packages]);
  const still = missing.filter(({ program }) => which(program) === undefined).map(({ program }) => program);
  if (done.status !== 0 || still.length > 0) fail(`apt-get could not install ${packages.join(", ")}.`);
}

/**
 * Unpacks Debian packages into a folder of the cache, installing nothing, and returns the folder; undefined where
 * that cannot be done (no apt-get, no such package).
 */
export function unpackDebs(name, packages) {
  const folder = join(cache, "debs", name);
  if (existsSync(join(folder, ".complete"))) return folder;
  if (which("apt-get") === undefined || which("dpkg") === undefined) return undefined;
  mkdirSync(folder, { recursive: true });
  for (const each of packages) {
    // As root apt drops to _apt for a download and complains where that user cannot write.
    const options = ["-q", "-o", "APT::Sandbox::User=root", "download", each];
    let done = spawnSync("apt-get", options, { cwd: folder, stdio: "ignore" });
    if (done.status !== 0 && process.getuid() === 0 && !listsAreFresh) {
      apt(["--version"]);
      done = spawnSync("apt-get", options, { cwd: folder, stdio: "ignore" });
    }
    if (done.status !== 0) return undefined;
  }
  for (const file of readdirSync(folder).filter((each) => each.endsWith(".deb")))
    execFileSync("dpkg", ["-x", join(folder, file), folder]);
  writeFileSync(join(folder, ".complete"), "");
  return folder;
}

/** The path of a statically linked busybox: the machine's own where it is one, else out of Debian's package. */
export function staticBusybox() {
  const own = ["/bin/busybox", "/usr/bin/busybox"].find(existsSync);
  if (own !== undefined && !readFileSync(own).includes("ld-linux")) return own;
  if (own === undefined && which("apt-get") !== undefined) {
    say("· installing busybox-static with apt-get");
    apt(["install", "-qy", "--no-install-recommends", "busybox-static"]);
    if (existsSync("/bin/busybox")) return "/bin/busybox";
  }
  const folder = unpackDebs("busybox-static", ["busybox-static"]);
  const found = folder && ["bin/busybox", "usr/bin/busybox"].map((path) => join(folder, path)).find(existsSync);
  if (!found) fail("A statically linked busybox is needed: install your distribution's busybox-static.");
  return found;
}

/** Everything up to a machine on which the build can run. */
export function setup({ tests = false } = {}) {
  if (process.platform !== "linux") fail("Berth runs on Linux: containers are made by its kernel.");
  checkNode();
  npmPackages();
  systemPackages(tests ? [...needed, ...neededByTests] : needed);
}
