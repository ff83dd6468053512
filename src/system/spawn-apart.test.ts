import { realpathSync } from "node:fs";
import type { Readable } from "node:stream";
import { expect, test } from "vitest";
import { markCloseOnExec } from "./close-on-exec.ts";
import { watchExit } from "./exit-watch.ts";
import { isAlive, pidStartTime } from "./process.ts";
import { reap, spawnApart } from "./spawn-apart.ts";

async function textOf(stream: Readable | undefined): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream ?? []) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}

const shell = (script: string, pipes = 1, env: Record<string, string> = {}) =>
  spawnApart("/bin/sh", ["-c", script, "name", "a b", ""], { cwd: realpathSync("/tmp"), env, pipes });

test("a child has its arguments, environment, folder and connections, and nothing else", async () => {
  markCloseOnExec();
  const child = await shell('exec >&3; pwd; echo "$1|$2|$A"; exec ls /proc/self/fd', 2, {
    A: "x=ü",
    PATH: "/bin:/usr/bin",
  });
  const [first, second] = child.pipes;
  second?.destroy();
  expect((await textOf(first)).split("\n").join(" ")).toBe("/tmp a b||x=ü 0 1 2 3 4 5 ");
});

test("both directions", async () => {
  const child = await shell("read line <&3; echo got $line >&3", 1, { PATH: "/bin" });
  child.pipes[0]?.write("this\n");
  expect(await textOf(child.pipes[0])).toBe("got this\n");
});

test("its signals are the default ones, its session its own", async () => {
  process.on("SIGUSR2", () => {});
  const child = await shell("while read line; do case $line in Sig*) echo $line;; esac; done < /proc/self/status >&3");
  const text = await textOf(child.pipes[0]);
  for (const name of ["SigBlk", "SigIgn"]) expect(text).toContain(`${name}: 0000000000000000`);
  const session = await shell("read pid comm state ppid pgrp session rest < /proc/self/stat; echo $session $$ >&3");
  const [id, pid] = (await textOf(session.pipes[0])).trim().split(" ");
  expect(id).toBe(pid);
  expect(Number(pid)).toBe(session.pid);
});

test("once reaped it is gone; another's child is left alone", async () => {
  const child = await shell("exit 3");
  const start = pidStartTime(child.pid) ?? 0;
  await watchExit(child.pid, start).ended;
  expect(isAlive(child.pid, start)).toBe(false);
  expect(pidStartTime(child.pid)).toBe(start);
  reap(1);
  reap(child.pid);
  expect(pidStartTime(child.pid)).toBeUndefined();
  for (const pipe of child.pipes) pipe.destroy();
});

test("a program that is not there", async () => {
  await expect(spawnApart("/nonexistent", [], { cwd: "/", env: {}, pipes: 3 })).rejects.toThrow("ENOENT");
  await expect(spawnApart("/bin/true", [], { cwd: "/nonexistent", env: {}, pipes: 0 })).rejects.toThrow("ENOENT");
});

test("many at once", async () => {
  const lines = Array.from({ length: 50 }, async (_, index) => {
    const child = await shell(`echo ${index} >&3`);
    const text = await textOf(child.pipes[0]);
    return Number(text);
  });
  expect(await Promise.all(lines)).toEqual(Array.from({ length: 50 }, (_, index) => index));
});
