import { readdir, readFile, readlink } from "node:fs/promises";
import type { Protocol } from "../network.ts";

/** The program that has a port of the host: "nginx (pid 712)"; undefined where that cannot be seen. */
export async function holderOf(protocol: Protocol, port: number): Promise<string | undefined> {
  if (protocol === "sctp") return undefined;
  const inodes = new Set<string>();
  for (const file of [protocol, `${protocol}6`])
    for (const inode of inodesOf(await readFile(`/proc/net/${file}`, "latin1").catch(() => ""), port))
      inodes.add(inode);
  if (inodes.size === 0) return undefined;
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid);
  for (const pid of pids)
    if (await hasSocket(pid, inodes)) {
      const name = (await readFile(`/proc/${pid}/comm`, "utf8").catch(() => "")).trim();
      return `${name || "a program"} (pid ${pid})`;
    }
  return undefined;
}

/** Inodes of the sockets in a table such as /proc/net/tcp that are bound to the port. */
export function inodesOf(table: string, port: number): string[] {
  const wanted = port.toString(16).toUpperCase().padStart(4, "0");
  return table
    .split("\n")
    .slice(1)
    .map((line) => line.trim().split(/\s+/))
    .filter(([, local = "", , state]) => local.endsWith(`:${wanted}`) && (state === "0A" || state === "07"))
    .flatMap((fields) => (fields[9] === undefined || fields[9] === "0" ? [] : [fields[9]]));
}

async function hasSocket(pid: string, inodes: ReadonlySet<string>): Promise<boolean> {
  const fds = await readdir(`/proc/${pid}/fd`).catch(() => []);
  for (const fd of fds) {
    const target = await readlink(`/proc/${pid}/fd/${fd}`).catch(() => "");
    const inode = /^socket:\[(\d+)\]$/.exec(target)?.[1];
    if (inode !== undefined && inodes.has(inode)) return true;
  }
  return false;
}
