import { execFileSync } from "node:child_process";

/**
 * A tree with all that archives lose easily: setuid bits, large ids, binary attributes and capabilities, hard links,
 * devices, FIFOs, holes, nanoseconds, times before 1970, names that are long or not UTF-8. Made with the system's own
 * tools in an empty directory.
 */
export function makeNastyTree(path: string): void {
  execFileSync("bash", ["-euc", SCRIPT], { cwd: path, stdio: ["ignore", "ignore", "inherit"] });
}

const SCRIPT = `
umask 022
mkdir -p bin etc/deep/er "sp ace" closed setgid
chmod 2775 setgid; chown 0:50 setgid
echo in > setgid/file
echo hello > etc/hello
printf '\\0binary\\377' > etc/binary
cp /bin/true bin/suid; chmod 4755 bin/suid
cp /bin/true bin/sgid; chown 1000:2000 bin/sgid; chmod 2711 bin/sgid
cp /bin/true bin/capable; setcap cap_net_raw,cap_chown+ep bin/capable
mkdir tmp; chmod 1777 tmp
echo large > etc/large-ids; chown 4294967294:3000000001 etc/large-ids
echo x > etc/attributes
setfattr -n user.binary -v 0x0001ff0a3d00 etc/attributes
setfattr -n user.empty etc/attributes
setfattr -n trusted.mark -v 0x00ff etc/attributes
setfattr -n user.on-directory -v directory etc/deep
setfattr -h -n trusted.link -v 0x0d0a00 -- etc/deep || true
ln -s ../etc/hello bin/link
ln -s /absolute/nowhere bin/dangling
setfattr -h -n trusted.on-link -v 0xfe00 bin/link
ln -s "$(printf 'x%.0s' {1..300})" bin/long-link
ln etc/hello etc/hello-again
ln etc/hello zz-hello
ln bin/link bin/same-link
mknod etc/null c 1 3; chmod 666 etc/null
mknod etc/big-device b 4095 1048575
mkfifo etc/fifo; chown 7:8 etc/fifo; chmod 640 etc/fifo
truncate -s 20M etc/holes
echo start | dd of=etc/holes conv=notrunc status=none
echo middle | dd of=etc/holes bs=1 seek=9000000 conv=notrunc status=none
truncate -s 5000000 etc/all-hole
long=$(printf 'n%.0s' {1..120}); mkdir -p "$long/$long/$long"; echo deep > "$long/$long/$long/$long"
echo bytes > "$(printf 'not-utf8-\\377\\376')"
echo newline > "$(printf 'new\\nline')"
ln -s "$(printf '\\300\\200')" "$(printf 'link-\\377')"
echo dash > "-rf"
touch -d '2001-02-03 04:05:06.789012345' etc/hello
touch -d '1955-11-05 06:00:00.123456789' etc/binary
touch -h -d '2010-01-01 00:00:00.000000001' bin/link
chmod 000 closed
chmod 0555 etc/deep
touch -d '2020-02-02 02:02:02.020202020' etc/deep etc/deep/er "sp ace" closed setgid tmp bin etc .
`;

/**
 * What a tree holds, told by find, getfattr and sha256sum: for comparing trees that different programs have made. Sizes
 * of directories are left out. The attribute of a mount in between (overlay's own) is not shown by the kernel.
 */
export function describeTree(path: string): string[] {
  const script = `
find . -printf '%y %m %U %G %l %T@ ' \\( -type d -printf '- - ' -o -printf '%n %s ' \\) -printf '%P\\0' | sort -z | tr '\\n\\0' '\\1\\n'
find . -print0 | sort -z | xargs -0 getfattr -P -h -d -m - -e hex
find . -type f -print0 | sort -z | xargs -0 sha256sum -b
find . \\( -type c -o -type b \\) -print0 | sort -z | xargs -0 -r stat -c '%t:%T %n'
`;
  const options = { cwd: path, maxBuffer: 1 << 26, env: { ...process.env, LC_ALL: "C", TZ: "UTC" } };
  return execFileSync("bash", ["-euc", script], options).toString("latin1").split("\n");
}
