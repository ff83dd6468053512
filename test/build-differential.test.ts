import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { BASE, CASES } from "./build-cases/cases.ts";
import { type ImageFacts, imageFacts } from "./build-cases/image-facts.ts";
import { writeContext } from "./build-cases/write-context.ts";
import { busyboxTar } from "./harness/busybox.ts";
import { type Daemon, startDaemon } from "./harness/daemon.ts";
import { isRoot, type Machine, makeMachine } from "./harness/machine.ts";

/**
 * The same Dockerfiles built by Docker's BuildKit and by Berth: file tree, config and history are compared. Runs where
 * BERTH_TEST_BUILDKIT holds the words that call a docker with buildx ("peers exec docker"), whose daemon sees this
 * machine's /tmp; skipped, and counted, elsewhere. What differs on purpose is in docs/build.md.
 */
const buildkit = process.env.BERTH_TEST_BUILDKIT?.split(" ").filter((word) => word !== "") ?? [];

let folder = "";
let machine: Machine;
let daemon: Daemon;

function docker(...args: string[]): string {
  const [program = "", ...first] = buildkit;
  return execFileSync(program, [...first, ...args], { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
}

/** Builds with BuildKit; what the image holds, or the text of the refusal. */
async function theirs(context: string, args: readonly string[]): Promise<ImageFacts | string> {
  const [program = "", ...first] = buildkit;
  const words = ["buildx", "build", "--progress", "plain", "--no-cache", "-t", "berth-case/out", ...args, context];
  const done = spawnSync(program, [...first, ...words], { encoding: "utf8" });
  if (done.status !== 0) return done.stderr;
  docker("save", "-o", `${context}.theirs.tar`, "berth-case/out");
  return imageFacts(`${context}.theirs.tar`);
}

async function ours(context: string, args: readonly string[]): Promise<ImageFacts | string> {
  const done = await daemon.berth([
    "build",
    "--progress",
    "plain",
    "--no-cache",
    "-t",
    "berth-case/out",
    ...args,
    context,
  ]);
  if (done.code !== 0) return done.stderr;
  const saved = await daemon.berth(["save", "-o", `${context}.ours.tar`, "berth-case/out"]);
  if (saved.code !== 0) return saved.stderr;
  return imageFacts(`${context}.ours.tar`);
}

/** A /dev that the base lacks is made by the OCI runtime: crun gives it 1755, runc 755. */
function compared(facts: ImageFacts | string): ImageFacts | string {
  if (typeof facts === "string" || facts.files.dev === undefined) return facts;
  return { ...facts, files: { ...facts.files, dev: { ...facts.files.dev, mode: "755" } } };
}

describe.skipIf(!isRoot || buildkit.length === 0)("BuildKit and Berth make the same image", () => {
  beforeAll(async () => {
    folder = mkdtempSync("/tmp/berth-cases-");
    machine = await makeMachine();
    daemon = await startDaemon(machine);
    const imported = await daemon.berth(["import", "--change", 'CMD ["sh"]', busyboxTar(), BASE]);
    expect(imported.stderr).toBe("");
    execFileSync("cp", [busyboxTar(), join(folder, "base.tar")]);
    docker("import", "--change", 'CMD ["sh"]', join(folder, "base.tar"), BASE);
  });
  afterAll(async () => {
    if (buildkit.length > 0) docker("rmi", "-f", "berth-case/out", BASE);
    await machine?.[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true, force: true });
  });

  test.each(CASES.map((each, index) => ({ ...each, index })))("$name", async (given) => {
    const context = join(folder, String(given.index));
    writeContext(context, given);
    // A secret's file is named from the context.
    const args = (given.args ?? []).map((word) => word.replace(/src=(?!\/)/, `src=${context}/`));
    const [their, our] = [await theirs(context, args), await ours(context, args)];
    if (given.fails !== undefined) {
      expect(their).toMatch(given.fails);
      expect(our).toMatch(given.fails);
      return;
    }
    expect(typeof their === "string" ? their : "built").toBe("built");
    expect(compared(our)).toEqual(compared(their));
  });
});
