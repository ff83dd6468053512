import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { detectCgroups } from "./layout.ts";
import { createMigrationWarmer } from "./warm-migrations.ts";

test("this process stays where it is", async () => {
  const own = () => readFileSync("/proc/self/cgroup", "latin1");
  const before = own();
  const warmUp = createMigrationWarmer(detectCgroups());
  for (let turn = 0; turn < 3; turn++) {
    warmUp();
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  expect(own()).toBe(before);
});

test("without cgroups nothing happens", () => {
  const layout = {
    mode: "none",
    version: 1,
    controllers: new Map(),
    unified: undefined,
    unifiedControllers: [],
  } as const;
  expect(createMigrationWarmer(layout)).not.toThrow();
});
