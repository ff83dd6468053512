import { createOutput } from "./core/output.ts";
import { runProgram } from "./program.ts";

/** Bun's executable has no script on its command line; Node has. */
const argv = process.argv.slice(2);
const called = (process.argv0.split("/").pop() ?? "berth").replace(/\.exe$/, "");
const isDaemon = called === "dockerd" || called === "berthd";
const program =
  called === "docker" || called === "dockerd"
    ? { command: "docker", title: "Docker" }
    : { command: "berth", title: "Berth" };
const err = createOutput(2);

runProgram({ program, argv: isDaemon ? ["daemon", ...argv] : argv, out: createOutput(1), err, env: process.env }).then(
  (code) => process.exit(code),
  (error: unknown) => {
    err.write(`${program.command}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
    process.exit(1);
  },
);
