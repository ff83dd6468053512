import { existsSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { isRoot, makeMachine } from "./machine.ts";

describe.skipIf(!isRoot)("a machine of its own", () => {
  it("has only a loopback, its own processes, and leaves nothing behind", async () => {
    const machine = await makeMachine();
    const { dir } = machine;
    expect((await machine.exec("ip", ["-br", "link"])).stdout).toMatch(/^lo\s[^\n]*\n$/);
    expect((await machine.exec("cat", ["/proc/1/comm"])).stdout).toBe("catatonit\n");
    expect((await machine.exec("sh", ["-c", "exit 3"])).code).toBe(3);
    await machine[Symbol.asyncDispose]();
    expect(existsSync(dir)).toBe(false);
    expect(existsSync(`/proc/${machine.init}`)).toBe(false);
  });
});
