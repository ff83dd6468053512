// `npm start`: set-up, build, engine, a first image, first containers; each step says what it shows.
import { spawnSync } from "node:child_process";
import { chmodSync, cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { build } from "./build.mjs";
import { fail, root, say, setup, staticBusybox, which } from "./setup.mjs";

setup();
await build();

const berthPath = join(root, "dist/berth");
if (process.getuid() !== 0) {
  if (which("sudo") === undefined) fail("Containers need root: run this as root, or install sudo.");
  const again = spawnSync("sudo", ["-E", process.execPath, join(root, "scripts/start.mjs")], { stdio: "inherit" });
  process.exit(again.status ?? 1);
}
// The walk is about the engine of this machine, whatever the caller's environment names.
for (const name of ["BERTH_HOST", "DOCKER_HOST", "DOCKER_CONTEXT"]) delete process.env[name];

const step = (text) => say(`\n\x1b[1m${text}\x1b[0m`);
const quote = (arg) => (/^[\w./:=@%+,-]+$/.test(arg) ? arg : `'${arg.replaceAll("'", "'\\''")}'`);

/** Runs berth, shows the command and what it printed, and gives that. */
function berth(args, { expect = 0, quiet = false, input } = {}) {
  const done = spawnSync(berthPath, args, { encoding: "utf8", input, maxBuffer: 1 << 26 });
  if (!quiet) say(`  $ berth ${args.map(quote).join(" ")}`);
  if (done.stderr && (!quiet || done.status !== expect)) process.stderr.write(done.stderr.replace(/^(?=.)/gm, "  "));
  if (!quiet && done.stdout) say(done.stdout.trimEnd().replace(/^/gm, "  "));
  if (done.status !== expect) fail(`berth ${args[0]} ended with ${done.status ?? done.error}, not ${expect}.`);
  return done.stdout.trim();
}

/** A tar of a root file system that is busybox and nothing else. */
function busyboxRoot() {
  const folder = mkdtempSync(join(tmpdir(), "berth-busybox-"));
  for (const name of ["bin", "etc", "proc", "root", "sys", "tmp"]) mkdirSync(join(folder, name));
  chmodSync(folder, 0o755);
  chmodSync(join(folder, "tmp"), 0o1777);
  cpSync(staticBusybox(), join(folder, "bin/busybox"));
  const applets = spawnSync(join(folder, "bin/busybox"), ["--list"], { encoding: "utf8" }).stdout.trim().split("\n");
  for (const applet of applets) if (applet !== "busybox") symlinkSync("busybox", join(folder, "bin", applet));
  writeFileSync(
    join(folder, "etc/passwd"),
    "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n",
  );
  writeFileSync(join(folder, "etc/group"), "root:x:0:\nnobody:x:65534:\n");
  const tar = spawnSync("tar", ["-C", folder, "--numeric-owner", "--owner=0", "--group=0", "-cf", "-", "."], {
    maxBuffer: 1 << 26,
  });
  rmSync(folder, { recursive: true });
  if (tar.status !== 0) fail("tar could not pack the busybox image.");
  return tar.stdout;
}

step("1. The engine");
const version = berth(["version", "--format", "{{.Server.Version}}, API {{.Server.APIVersion}}"], {
  quiet: true,
});
say(`  berth ${version}: it answers on /run/berth/berth.sock and keeps its data in /var/lib/berth`);

step("2. An image, made from Debian's busybox-static");
if (berth(["images", "-q", "berth-demo/busybox"], { quiet: true }) === "") {
  const tar = busyboxRoot();
  berth(["import", "--change", 'CMD ["sh"]', "-", "berth-demo/busybox"], { input: tar });
}
berth(["images", "berth-demo/busybox"]);

const image = "berth-demo/busybox";
const run = ["run", "--rm", "--network", "none"];

step("3. A container: its own host name, process list and root file system");
const inside = berth([...run, image, "sh", "-c", "hostname; echo pid $$; ps; ls /"]);
if (inside.split("\n")[0] === hostname() || !inside.includes("pid 1\n")) fail("That was not a container of its own.");

step("4. Two containers of one image: what one writes, the other and the image do not see");
berth(["rm", "-f", "berth-demo-1", "berth-demo-2"], { quiet: true, expect: 0 });
for (const name of ["berth-demo-1", "berth-demo-2"])
  berth(["run", "-d", "--network", "none", "--name", name, image, "sh", "-c", `echo ${name} > /mine; exec sleep 600`]);
for (const name of ["berth-demo-1", "berth-demo-2"]) {
  let text = "";
  for (let tries = 0; tries < 100 && text === ""; tries++)
    text = spawnSync(berthPath, ["exec", name, "cat", "/mine"], { encoding: "utf8" }).stdout.trim();
  say(`  $ berth exec ${name} cat /mine\n  ${text}`);
  if (text !== name) fail(`${name} does not see its own file.`);
}
berth([...run, image, "sh", "-c", "ls /mine || echo the image is unchanged"]);
berth(["ps"]);
berth(["rm", "-f", "berth-demo-1", "berth-demo-2"]);

step("5. A memory limit that holds: 32 MB, and a process that wants 200");
berth(
  [
    ...run,
    "--memory",
    "32m",
    "--memory-swap",
    "32m",
    image,
    "dd",
    "if=/dev/zero",
    "of=/dev/null",
    "bs=200M",
    "count=1",
  ],
  { expect: 137 },
);
say("  exit code 137: the kernel ended it, and nothing else noticed");

step("Try next");
const path = process.env.SUDO_USER === undefined ? "./dist/berth" : "sudo ./dist/berth";
for (const [command, what] of [
  [`run -it --rm ${image}`, "a shell in a container"],
  [`run -d --name web -p 127.0.0.1:8080:80 ${image} httpd -f -h /etc`, "a server, published on this machine"],
  ["ps; logs; exec; inspect; stop; rm", "as you know them"],
  ["--help", "everything else"],
])
  say(`  ${path} ${command.padEnd(76)} # ${what}`);
say(
  `  export DOCKER_HOST=unix:///run/berth/berth.sock                       # and docker, dockerode, testcontainers use Berth`,
);
