// `npm run guest -- [vitest arguments]`: end-to-end tests in a small virtual machine with cgroup v2 alone, for hosts
// that have v1 or hybrid ones. `npm run guest -- --sh 'commands'` runs commands there instead; `--systemd` in front of
// either boots systemd and runs them as its service. It installs nothing. The processor is emulated
// (BERTH_GUEST_ACCEL=kvm where that works), so everything is some five to ten times slower.
import { execFileSync, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { build } from "./build.mjs";
import { cache, fail, root, say, which } from "./setup.mjs";

const suite = process.env.BERTH_GUEST_SUITE ?? "bookworm";
const accelerator = process.env.BERTH_GUEST_ACCEL ?? "tcg";
const minutes = Number(process.env.BERTH_GUEST_MINUTES ?? 60);
const folder = join(cache, "guest");

// Changes when what is made below for the cache changes.
const generation = 4;

/** What the guest's Debian has beside its base. Its own runtimes and monitor are those that are tested. */
const packages =
  "crun,runc,conmon,catatonit,busybox-static,iproute2,nftables,procps,bsdextrautils,libstdc++6,libatomic1,kmod,strace,systemd-sysv,dbus,apparmor,attr,zstd";

/** Modules that lead to the disks; the rest is loaded from there. */
const diskModules = ["virtio_pci", "virtio_blk", "ext4"];

const needed = {
  mmdebstrap: "mmdebstrap",
  "qemu-system-x86_64": "qemu-system-x86",
  mke2fs: "e2fsprogs",
  cpio: "cpio",
  "apt-get": "apt",
};

function checkHost() {
  if (process.arch !== "x64") fail("The guest is made for x86-64 hosts only.");
  if (process.getuid() !== 0) fail("Making the guest's disks needs root: run this with sudo.");
  const missing = Object.entries(needed).filter(([program]) => which(program) === undefined);
  if (missing.length > 0) fail(`Needed here: apt-get install ${missing.map(([, name]) => name).join(" ")}`);
  if (!existsSync(join(root, "node_modules/esbuild"))) fail("The npm packages are needed: npm ci");
}

const sh = (script, env = {}) =>
  execFileSync("sh", ["-ec", script], { stdio: ["ignore", "inherit", "inherit"], env: { ...process.env, ...env } });

const digestOf = (...parts) => createHash("sha256").update(JSON.stringify(parts)).digest("hex").slice(0, 16);

/** A folder of the cache that `make` fills once; what was made under the same name for other keys is removed. */
function cached(name, key, make) {
  const made = join(folder, `${name}-${key}`);
  if (existsSync(made)) return made;
  const partial = mkdtempSync(join(folder, `making-${process.pid}-`));
  try {
    make(partial);
    for (const old of readdirSync(folder).filter((each) => each.startsWith(`${name}-`)))
      rmSync(join(folder, old), { recursive: true });
    renameSync(partial, made);
  } finally {
    rmSync(partial, { recursive: true, force: true });
  }
  return made;
}

// Run by mmdebstrap with the new root as $1. The kernel is unpacked and not installed: it needs no initramfs of its own.
const fetchKernel = `
cd "$1/tmp"; export APT_CONFIG="$MMDEBSTRAP_APT_CONFIG"
name=$(apt-cache depends linux-image-cloud-amd64 | sed -n 's/.*Depends: \\(linux-image-[0-9].*\\)/\\1/p' | head -1)
apt-get -qq -o APT::Sandbox::User=root download "$name"
dpkg-deb -x linux-image-*.deb kernel
mkdir -p "$1/usr/lib/modules"
modules=$(find kernel -type d -path '*/lib/modules/*' -prune)
mv "$modules" "$1/usr/lib/modules/"
cp kernel/boot/vmlinuz-* "$1/boot/vmlinuz"
chroot "$1" depmod "\${modules##*/}"
rm -rf "$1"/tmp/* "$1"/usr/share/doc "$1"/usr/share/man "$1"/usr/share/locale "$1"/var/cache/apt/*
`;

/** Debian with a kernel, what Berth needs and the Node that runs this: `disk.img`, `vmlinuz`, `modules/`, `busybox`. */
function baseDisk() {
  return cached(`base-${suite}`, digestOf(generation, packages, process.version, fetchKernel), (made) => {
    say(`· making the guest's Debian (${suite})`);
    const tree = join(made, "tree");
    const hook = join(made, "hook.sh");
    writeFileSync(hook, `#!/bin/sh\nset -e${fetchKernel}`, { mode: 0o755 });
    const options = `--quiet --variant=minbase --skip=cleanup/reproducible --include=${packages}`;
    sh(`mmdebstrap ${options} --customize-hook="${hook} \\"\\$1\\"" ${suite} "${tree}"`);
    copyFileSync(process.execPath, join(tree, "usr/local/bin/node"));
    mkdirSync(join(tree, "berth"));
    copyFileSync(join(tree, "boot/vmlinuz"), join(made, "vmlinuz"));
    copyFileSync(join(tree, "bin/busybox"), join(made, "busybox"));
    copyModules(tree, join(made, "modules"));
    image(tree, join(made, "disk.img"), "2G");
    rmSync(tree, { recursive: true });
  });
}

/** The disk's modules and those they need, unpacked, named in the order in which they are to be loaded. */
function copyModules(tree, to) {
  mkdirSync(to);
  const [release] = readdirSync(join(tree, "usr/lib/modules"));
  const paths = diskModules.flatMap((name) => {
    const args = [tree, "modprobe", "--set-version", release, "--show-depends", name];
    const told = execFileSync("chroot", args, { encoding: "utf8" });
    return [...told.matchAll(/^insmod (\S+)/gm)].map((match) => match[1]);
  });
  for (const [index, path] of [...new Set(paths)].entries()) {
    const [, name, xz] = /([^/]+\.ko)(\.xz)?$/.exec(path) ?? fail(`${path}: not a module that is known to unpack`);
    sh(`${xz ? "xz -dc" : "cat"} "${tree}${path}" > "${to}/${String(index).padStart(2, "0")}-${name}"`);
  }
}

/** An ext4 image of a folder; the holes of its free space cost nothing. */
function image(from, to, size) {
  sh(`truncate -s ${size} "${to}" && mke2fs -q -F -t ext4 -O ^has_journal -E lazy_itable_init=1 -d "${from}" "${to}"`);
}

function packagesDisk() {
  const lock = readFileSync(join(root, "package-lock.json"));
  return cached("packages", digestOf(generation, lock.toString()), (made) => {
    image(join(root, "node_modules"), join(made, "disk.img"), "1G");
  });
}

const isStatic = (program) => !readFileSync(program).includes("ld-linux");

/** What changes with every run: the checkout without its packages. */
function checkoutDisk(work) {
  const staged = join(work, "checkout");
  mkdirSync(join(staged, "node_modules"), { recursive: true });
  for (const name of ["src", "test", "dist", "package.json", "vitest.config.ts", "tsconfig.json"])
    cpSync(join(root, name), join(staged, name), { recursive: true, verbatimSymlinks: true });
  // The real client, where it needs nothing else: some tests compare with it.
  const docker = process.env.BERTH_TEST_DOCKER ?? which("docker");
  mkdirSync(join(staged, "tools"));
  if (docker !== undefined && isStatic(docker)) copyFileSync(docker, join(staged, "tools/docker"));
  image(staged, join(work, "checkout.img"), "1G");
  rmSync(staged, { recursive: true });
  return join(work, "checkout.img");
}

const initramfsInit = `#!/bin/busybox sh
b=/bin/busybox
$b mount -t devtmpfs dev /dev; $b mount -t proc proc /proc
for module in /modules/*.ko; do $b insmod $module; done
$b mount /dev/vda /new && $b mount /dev/vdb /new/berth && $b mount /dev/vdc /new/berth/node_modules
$b mount -t tmpfs run /new/run && $b cp /main /new/run/main
$b umount /proc /dev
[ -e /systemd ] || exec $b switch_root /new /bin/bash /run/main
$b mkdir -p /new/run/systemd/system && $b cp /guest.service /new/run/systemd/system
exec $b switch_root /new /lib/systemd/systemd
`;

/** As a user would have the daemon: a service among others, its processes left alone when it stops. */
const guestService = `[Service]
Type=oneshot
ExecStart=/bin/bash /run/main
StandardOutput=file:/dev/ttyS0
StandardError=file:/dev/ttyS0
Delegate=yes
KillMode=process
`;

const quoted = (arg) => `'${arg.replaceAll("'", "'\\''")}'`;

/** The guest's first process. `commands` is shell; its exit code is told on the console. */
const guestMain = (commands) => `
if [ $$ = 1 ]; then
mount -t proc proc /proc; mount -t sysfs sys /sys; mount -t devtmpfs dev /dev; mkdir -p /dev/pts /dev/shm
mount -t devpts pts /dev/pts; mount -t tmpfs -o size=80% shm /dev/shm; mount -t tmpfs tmp /tmp
mount -t securityfs sec /sys/kernel/security; mount -t cgroup2 -o nsdelegate,memory_recursiveprot cgroup2 /sys/fs/cgroup
fi
ip link set lo up; hostname guest
for module in overlay fuse loop bridge veth nf_tables; do modprobe $module 2>/dev/null; done
cd /berth
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/berth/tools HOME=/root TERM=dumb CI=1
export BERTH_SLOW=${accelerator === "tcg" ? 8 : 1} BERTH_DIST=/berth/dist BERTH_CACHE=/var/cache/berth-dev BERTH_BUSYBOX=/bin/busybox
mkdir -p $BERTH_CACHE
set -o pipefail
(
${commands}
) </dev/null 2>&1 | cat
echo "guest: ended with $?"
/bin/busybox poweroff -f
`;

function initramfs(base, work, { commands, systemd }) {
  const made = join(work, "initramfs");
  for (const name of ["bin", "dev", "proc", "new"]) mkdirSync(join(made, name), { recursive: true });
  copyFileSync(join(base, "busybox"), join(made, "bin/busybox"));
  cpSync(join(base, "modules"), join(made, "modules"), { recursive: true });
  writeFileSync(join(made, "init"), initramfsInit, { mode: 0o755 });
  writeFileSync(join(made, "main"), guestMain(commands));
  writeFileSync(join(made, "guest.service"), guestService);
  if (systemd) writeFileSync(join(made, "systemd"), "");
  sh(`cd "${made}" && find . | cpio --quiet -o -H newc > "${work}/initramfs.cpio"`);
  return `${work}/initramfs.cpio`;
}

const kernelArguments = "console=ttyS0 panic=-1 quiet mitigations=off nokaslr random.trust_cpu=1";
const systemdArguments = "systemd.unit=basic.target systemd.wants=guest.service systemd.show_status=0";

function machineArguments({ base, checkout, ramdisk, systemd }) {
  // Writes go to a file that is already unlinked: the images stay as they are, and nothing is left of a run.
  const drive = (file) => ["-drive", `file=${file},format=raw,if=virtio,cache=unsafe,snapshot=on`];
  return [
    ...["-accel", accelerator === "tcg" ? "tcg,thread=multi,tb-size=1024" : accelerator],
    ...["-cpu", accelerator === "tcg" ? "max" : "host", "-smp", "2", "-m", process.env.BERTH_GUEST_MEMORY ?? "3072"],
    ...["-display", "none", "-serial", "stdio", "-monitor", "none", "-nic", "none", "-no-reboot", "-no-user-config"],
    ...["-kernel", join(base, "vmlinuz"), "-initrd", ramdisk],
    ...["-append", systemd ? `${kernelArguments} ${systemdArguments}` : kernelArguments],
    ...drive(join(base, "disk.img")),
    ...drive(checkout),
    ...drive(join(packagesDisk(), "disk.img")),
  ];
}

/** Runs the machine with its console on standard output; resolves with the commands' exit code, 1 without one. */
function boot(args, work) {
  return new Promise((resolve) => {
    const child = spawn("qemu-system-x86_64", args, {
      stdio: ["ignore", "pipe", "inherit"],
      env: { ...process.env, TMPDIR: work },
    });
    let tail = "";
    const stop = (why) => {
      say(`\n· the guest is stopped: ${why}`);
      child.kill("SIGKILL");
    };
    const timer = setTimeout(() => stop(`it has run for ${minutes} minutes (BERTH_GUEST_MINUTES)`), minutes * 60_000);
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => stop(signal));
    child.stdout.setEncoding("utf8").on("data", (data) => {
      const text = data.replaceAll("\r", "");
      tail = (tail + text).slice(-200);
      process.stdout.write(text);
    });
    child.on("close", () => {
      clearTimeout(timer);
      resolve(Number(/guest: ended with (\d+)\n/.exec(tail)?.[1] ?? 1));
    });
  });
}

/** What runs that were killed have left in the cache. */
function removeLeftovers() {
  for (const name of readdirSync(folder)) {
    const pid = /^(?:run|making)-(\d+)-/.exec(name)?.[1];
    if (pid !== undefined && !existsSync(`/proc/${pid}`)) rmSync(join(folder, name), { recursive: true, force: true });
  }
}

async function main(given) {
  checkHost();
  await build();
  mkdirSync(folder, { recursive: true });
  removeLeftovers();
  const systemd = given[0] === "--systemd";
  const args = systemd ? given.slice(1) : given;
  const own = args[0] === "--sh";
  const vitest = ["node", "node_modules/vitest/vitest.mjs", "run", "--project", "e2e", "--no-color", ...args];
  const commands = own ? args.slice(1).join("\n") : vitest.map(quoted).join(" ");
  const work = mkdtempSync(join(folder, `run-${process.pid}-`));
  try {
    const base = baseDisk();
    const ramdisk = initramfs(base, work, { commands, systemd });
    const machine = machineArguments({ base, checkout: checkoutDisk(work), ramdisk, systemd });
    say(`· starting the guest (${suite}, ${accelerator}, at most ${minutes} minutes)`);
    return await boot(machine, work);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

process.exitCode = await main(process.argv.slice(2));
