// Everything fast: types, lint and format, layer rules, dead code. Exits 1 where one of them complains.
import { spawn } from "node:child_process";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { root, say } from "./setup.mjs";

const bin = (name) => join(root, "node_modules/.bin", name);
const checks = [
  ["types", bin("tsc"), ["--noEmit"]],
  ["lint and format", bin("biome"), ["check", "--error-on-warnings", "--max-diagnostics=50", "."]],
  ["layers", bin("depcruise"), ["--config", ".dependency-cruiser.cjs", "src"]],
  ["dead code", bin("knip"), ["--no-progress"]],
];

const one = ([name, program, args]) =>
  new Promise((resolve) => {
    let text = "";
    const child = spawn(program, args, { cwd: root, stdio: ["ignore", "pipe", "pipe"] });
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (data) => (text += data));
    child.on("close", (code) => {
      say(`${code === 0 ? "✓" : "✗"} ${name}`);
      if (code !== 0) say(text);
      resolve(code === 0);
    });
  });

/** Runs the checks, two at a time, and gives how many passed and failed. */
export async function check() {
  const results = [];
  const queue = [...checks];
  const work = async () => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) results.push(await one(next));
  };
  await Promise.all([work(), work()]);
  const passed = results.filter(Boolean).length;
  return { passed, failed: results.length - passed };
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  const { failed } = await check();
  process.exit(failed === 0 ? 0 : 1);
}
