import { strict as assert } from "node:assert";
import { spawn } from "node:child_process";
import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { mounts, openWorkbench } from "./workbench.ts";

// A daemon that is killed in the middle of a step, and the next one. Run by steps.test.ts.
const [, program = "", base = "", role] = process.argv;
setTimeout(() => {
  console.error("it hangs");
  process.exit(1);
}, 25_000);
const bench = await openWorkbench(base);
const { at, run } = bench;

if (role === "victim") {
  const from = { lowers: [at("layer")], key: "k" };
  mkdirSync(join(at("scratch"), "half-a-layer"));
  await run(bench.root().rootfs, "touch /c/kept; (sleep 1000 &) ; echo ready; sleep 1000", {
    onOutput: () => console.log("ready"),
    ...mounts(
      { type: "cache", id: "c", target: "/c", sharing: "locked" },
      { type: "bind", target: "/w", from, readWrite: true },
      { type: "tmpfs", target: "/t" },
      { type: "secret", id: "s", value: Buffer.from("x") },
      { type: "ssh", id: "default", connect: () => Promise.reject(new Error("no agent")) },
    ),
  });
} else {
  /** Kills the other daemon once it has said that its step runs, or after some milliseconds of making one. */
  const killed = async (after: number | undefined) => {
    const victim = spawn(process.execPath, [program, base, "victim"], { stdio: ["ignore", "pipe", "inherit"] });
    const ended = new Promise((resolve) => victim.on("exit", resolve));
    if (after === undefined) await new Promise((resolve) => victim.stdout.once("data", resolve));
    else await new Promise((resolve) => setTimeout(resolve, after));
    victim.kill("SIGKILL");
    await ended;
  };
  await killed(undefined);
  assert.ok(bench.remains().length > 5, "the step goes on without its daemon");
  await bench.steps.recover();
  await bench.settled();
  assert.deepEqual(bench.remains(), []);
  for (const after of [60, 70, 80, 90, 100, 110]) {
    await killed(after);
    // What conmon and the runtime are about to make is seen and ended, too.
    await bench.steps.recover();
    await bench.settled();
    assert.deepEqual(bench.remains(), []);
  }
  const next = await openWorkbench(base);
  const { out } = await next.run(
    next.root().rootfs,
    "ls /c",
    mounts({ type: "cache", id: "c", target: "/c", sharing: "locked" }),
  );
  assert.equal(out, "kept\n");
  writeFileSync(join(base, "done"), "");
  await next.close();
  await bench.close();
  assert.deepEqual(readdirSync(at("scratch")), []);
  assert.deepEqual(bench.warnings, []);
  console.log("all true");
  process.exit(0);
}
