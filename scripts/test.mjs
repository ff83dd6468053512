// `npm test`: the same set-up as `npm start`, then everything: checks, unit tests, end-to-end tests. The last line
// counts them all; any failure gives exit code 1.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { build } from "./build.mjs";
import { check } from "./check.mjs";
import { cache, fail, root, say, setup, staticBusybox, which } from "./setup.mjs";
import { testTools } from "./test-tools.mjs";

setup({ tests: true });
if (process.getuid() !== 0) {
  if (which("sudo") === undefined)
    fail("The end-to-end tests run containers and need root: run this as root, or install sudo.");
  const again = spawnSync("sudo", ["-E", process.execPath, join(root, "scripts/test.mjs"), ...process.argv.slice(2)], {
    stdio: "inherit",
  });
  process.exit(again.status ?? 1);
}
mkdirSync(cache, { recursive: true });
const tools = testTools();
await build();

const total = await check();
let skipped = 0;

function suite(project, env) {
  const report = join(cache, `report-${project}-${process.pid}.json`);
  const args = [
    "run",
    "--project",
    project,
    "--reporter=default",
    "--reporter=json",
    `--outputFile.json=${report}`,
    ...process.argv.slice(2),
  ];
  const done = spawnSync(join(root, "node_modules/.bin/vitest"), args, {
    cwd: root,
    stdio: ["ignore", "inherit", "inherit"],
    env: { ...process.env, ...env },
  });
  if (!existsSync(report)) {
    total.failed++;
    return say(`✗ ${project}: the runner gave no report`);
  }
  const counts = JSON.parse(readFileSync(report, "utf8"));
  rmSync(report);
  total.passed += counts.numPassedTests;
  total.failed += counts.numFailedTests;
  skipped += counts.numPendingTests + counts.numTodoTests;
  for (const file of counts.testResults) {
    const left = file.assertionResults.filter(({ status }) => status === "skipped" || status === "pending").length;
    if (left > 0) say(`  skipped: ${left} in ${file.name.slice(root.length + 1)}`);
  }
  // A file that fails to load, or an error outside a test, has no failed test of its own.
  if (done.status !== 0 && counts.numFailedTests === 0) total.failed++;
}

const env = { ...tools.env, BERTH_BUSYBOX: staticBusybox(), BERTH_DIST: join(root, "dist"), BERTH_CACHE: cache };
suite("unit", env);
suite("e2e", env);
if (env.BERTH_TEST_DOCKERD === undefined && process.env.BERTH_TEST_DOCKERD === undefined)
  say("  no dockerd was given (BERTH_TEST_DOCKERD=unix://…), so the comparison with Docker is skipped");
for (const each of tools.missing) say(`  not here, so its tests are skipped: ${each}`);
say(`\n${total.passed} passed, ${total.failed} failed, ${skipped} skipped`);
process.exit(total.failed === 0 ? 0 : 1);
