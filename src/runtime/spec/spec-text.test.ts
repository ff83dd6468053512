import { expect, test } from "vitest";
import type { OciProcess } from "./oci.ts";
import { rlimitsFor } from "./process.ts";
import { specText } from "./spec-text.ts";

test("no limit is written exactly, and nothing else is touched", () => {
  const env = ['A="soft":18446744073709552000', "B=18446744073709552000"];
  const rlimits = rlimitsFor([{ Name: "core", Soft: 7, Hard: -1 }], []);
  const process: OciProcess = { user: { uid: 0, gid: 0 }, args: ["x"], env, cwd: "/", rlimits };
  const text = specText(process);
  expect(text).toContain('"soft":7,"hard":18446744073709551615');
  expect((JSON.parse(text) as OciProcess).env).toEqual(env);
});
