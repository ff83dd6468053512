// `npm run guest -- [vitest arguments]`: end-to-end tests in a small virtual machine with cgroup v2 alone, for hosts
// that have v1. Needs apt-get, mmdebstrap, qemu-system-x86 and mke2fs; everything is emulated, so it takes minutes.
import { execFileSync, spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { build } from "./build.mjs";
import { cache, fail, root, say, setup, staticBusybox, unpackDebs, which } from "./setup.mjs";

setup();
await build();
for (const program of ["mmdebstrap", "qemu-system-x86_64", "mke2fs", "cpio"])
  if (which(program) === undefined)
    fail(`${program} is needed: apt-get install mmdebstrap qemu-system-x86 e2fsprogs cpio`);

const folder = join(cache, "guest");
mkdirSync(folder, { recursive: true });
const sh = (script, env = {}) =>
  execFileSync("sh", ["-ec", script], { stdio: ["ignore", "inherit", "inherit"], env: { ...process.env, ...env } });

/** Debian's kernel for virtual machines and its modules, out of the package. */
function kernel() {
  const meta = execFileSync("apt-cache", ["depends", "linux-image-cloud-amd64"], { encoding: "utf8" });
  const name = /Depends: (linux-image-\S+)/.exec(meta)?.[1] ?? fail("apt has no linux-image-cloud-amd64");
  const unpacked = unpackDebs("guest-kernel", [name]) ?? fail(`${name} cannot be had`);
  const release = readdirSync(join(unpacked, "lib/modules"))[0];
  return {
    image: join(unpacked, "boot", `vmlinuz-${release}`),
    modules: join(unpacked, "lib/modules", release),
    release,
  };
}

/** A Debian root file system with what Berth needs, made once. */
function tree() {
  const made = join(folder, "tree");
  if (existsSync(join(made, "etc"))) return made;
  say("· making the guest's Debian");
  const include =
    "crun,conmon,iproute2,nftables,catatonit,busybox-static,procps,bsdextrautils,libstdc++6,libatomic1,kmod,python3";
  sh(`mmdebstrap --quiet --variant=minbase --include=${include} bookworm "${made}"`);
  return made;
}

const initramfsInit = `#!/bin/busybox sh
/bin/busybox mount -t devtmpfs dev /dev; /bin/busybox mount -t proc proc /proc
for module in /modules/*.ko; do /bin/busybox insmod $module; done
/bin/busybox mount /dev/vda /new
exec /bin/busybox switch_root /new /guest-init
`;

const guestInit = (args) => `#!/bin/sh
mount -t proc proc /proc; mount -t sysfs sys /sys; mount -t devtmpfs dev /dev; mkdir -p /dev/pts /dev/shm
mount -t devpts pts /dev/pts; mount -t tmpfs shm /dev/shm; mount -t tmpfs run /run; mount -t tmpfs tmp /tmp
mount -t cgroup2 cgroup2 /sys/fs/cgroup; ip link set lo up; modprobe overlay
mkdir -p /run/berth-dev; cd /berth
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root TERM=dumb BERTH_DIST=/berth/dist BERTH_SLOW=8
export BERTH_CACHE=/run/berth-dev BERTH_BUSYBOX=/bin/busybox
node node_modules/vitest/vitest.mjs run --project e2e --no-color ${args.map((arg) => `'${arg}'`).join(" ")} 2>&1
echo "guest: ended with $?"
poweroff -f 2>/dev/null || /bin/busybox poweroff -f
`;

function disk(args) {
  const made = tree();
  const { modules, release } = kernel();
  sh(
    `mkdir -p "${made}/lib/modules" && cp -a "${modules}" "${made}/lib/modules/" && chroot "${made}" depmod ${release}`,
  );
  cpSync(process.execPath, join(made, "usr/local/bin/node"));
  const target = join(made, "berth");
  rmSync(target, { recursive: true, force: true });
  mkdirSync(target);
  const not =
    /node_modules\/(bun|@oven|typescript|knip|@biomejs|dependency-cruiser|@typescript|\.cache)(\/|$)|\/\.git(\/|$)/;
  for (const name of ["src", "test", "dist", "node_modules", "package.json", "vitest.config.ts", "tsconfig.json"])
    cpSync(join(root, name), join(target, name), {
      recursive: true,
      verbatimSymlinks: true,
      filter: (path) => !not.test(path),
    });
  writeFileSync(join(made, "guest-init"), guestInit(args), { mode: 0o755 });
  const image = join(folder, "disk.img");
  rmSync(image, { force: true });
  sh(`truncate -s 3G "${image}" && mke2fs -q -t ext4 -d "${made}" "${image}"`);
  return image;
}

function initramfs() {
  const made = join(folder, "initramfs");
  rmSync(made, { recursive: true, force: true });
  for (const name of ["bin", "dev", "proc", "new", "modules"]) mkdirSync(join(made, name), { recursive: true });
  cpSync(staticBusybox(), join(made, "bin/busybox"));
  writeFileSync(join(made, "init"), initramfsInit, { mode: 0o755 });
  const { modules } = kernel();
  const wanted = [
    "virtio",
    "virtio_ring",
    "virtio_pci_legacy_dev",
    "virtio_pci_modern_dev",
    "virtio_pci",
    "virtio_blk",
  ];
  for (const [index, name] of wanted.entries()) {
    const found = execFileSync("find", [modules, "-name", `${name}.ko`], { encoding: "utf8" }).trim();
    if (found !== "") cpSync(found, join(made, "modules", `${index}-${name}.ko`));
  }
  const image = join(folder, "initramfs.cpio.gz");
  sh(`cd "${made}" && find . | cpio -o -H newc 2>/dev/null | gzip -1 > "${image}"`);
  return image;
}

const image = disk(process.argv.slice(2));
say(`· starting a virtual machine (${dirname(image)})`);
const machine = [
  "-accel",
  "tcg,thread=multi",
  "-cpu",
  "max",
  "-smp",
  "2",
  "-m",
  "3072",
  "-nographic",
  "-no-reboot",
  "-nic",
  "none",
];
const boot = [
  "-kernel",
  kernel().image,
  "-initrd",
  initramfs(),
  "-append",
  "console=ttyS0 panic=-1 quiet mitigations=off",
];
const drive = ["-drive", `file=${image},format=raw,if=virtio,cache=unsafe`];
const done = spawnSync("qemu-system-x86_64", [...machine, ...boot, ...drive], {
  encoding: "utf8",
  maxBuffer: 1 << 26,
  timeout: 40 * 60_000,
});
process.stdout.write(done.stdout.replaceAll("\r", ""));
process.exit(/guest: ended with 0$/m.test(done.stdout.replaceAll("\r", "")) ? 0 : 1);
