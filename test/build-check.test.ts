import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Daemon, startDaemon } from "./harness/daemon.ts";
import { isRoot, type Machine, makeMachine } from "./harness/machine.ts";

describe.skipIf(!isRoot)("build --check", () => {
  let machine: Machine;
  let daemon: Daemon;
  beforeAll(async () => {
    machine = await makeMachine();
    daemon = await startDaemon(machine);
  });
  afterAll(async () => {
    await machine?.[Symbol.asyncDispose]();
  });

  const folder = (name: string, dockerfile: string): string => {
    const path = join(machine.dir, name);
    mkdirSync(path, { recursive: true });
    writeFileSync(join(path, "Dockerfile"), dockerfile);
    return path;
  };

  it("reports findings with their lines, builds nothing, and --fix makes the safe changes", async () => {
    const context = folder("findings", "FROM scratch as a\nENV b  c\nENV MY_PASSWORD=x\n");
    const seen = await daemon.berth(["build", "--check", context]);
    expect(seen.code).toBe(1);
    expect(seen.stdout).toContain("Check complete, 4 warnings have been found!");
    for (const text of [
      "FromAsCasing",
      "LegacyKeyValueFormat",
      "SecretsUsedInArgOrEnv",
      "RunsAsRoot",
      "   2 | >>> ENV b  c",
    ])
      expect(seen.stdout).toContain(text);
    expect((await daemon.berth(["images", "-q"])).stdout).toBe("");
    await daemon.berth(["build", "--check", "--fix", context]);
    expect(readFileSync(join(context, "Dockerfile"), "utf8")).toBe("FROM scratch AS a\nENV b=c\nENV MY_PASSWORD=x\n");
  });

  it("has nothing to say of a good file", async () => {
    const seen = await daemon.berth(["build", "--check", folder("good", "FROM scratch\nUSER 1\n")]);
    expect([seen.code, seen.stdout]).toEqual([0, "Check complete, no warnings found.\n"]);
  });

  it("ends the build where the file asks for it", async () => {
    const seen = await daemon.berth(["build", folder("strict", "# check=error=true\nFROM scratch\n")]);
    expect(seen.code).toBe(1);
    expect(seen.stderr).toContain("lint violation found for rules: RunsAsRoot");
  });

  it("an error points at the word and offers the nearest", async () => {
    const seen = await daemon.berth(["build", folder("wrong", "FROM scratch\nCOPY \\\n  --form=x a b\n")]);
    expect(seen.code).toBe(1);
    expect(seen.stderr).toContain("Dockerfile:3:3\n");
    expect(seen.stderr).toContain("   3 | >>>   --form=x a b\n     |       ^\n");
    expect(seen.stderr).toContain("dockerfile parse error on line 2: unknown flag: --form (did you mean from?)");
    expect(seen.stderr).toContain("expected --chown, --from");
  });
});
