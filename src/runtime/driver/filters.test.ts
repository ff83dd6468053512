import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { OciSeccomp, OciSpec } from "../spec/index.ts";
import { createFilters } from "./filters.ts";

const name = "run.oci.seccomp_bpf_data";
let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "filters-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

const profile = (action: string): OciSeccomp => ({
  defaultAction: action,
  syscalls: [{ names: ["read"], action: "x" }],
});
const spec = (seccomp: OciSeccomp | undefined, annotations?: Record<string, string>) =>
  ({ linux: { ...(seccomp && { seccomp }) }, ...(annotations && { annotations }) }) as OciSpec;
const compiled = (bytes: Buffer) => writeFileSync(join(folder, "seccomp.bpf"), bytes);

test("what was compiled for one container serves those with the same profile, and no other", () => {
  const filters = createFilters();
  const first = spec(profile("A"), { a: "b" });
  expect(filters.addTo(first)).toBe(first);
  compiled(Buffer.from("12345678"));
  filters.learn(first, folder);
  const next = spec(profile("A"), { c: "d" });
  expect(filters.addTo(next)).toEqual({ ...next, annotations: { c: "d", [name]: "MTIzNDU2Nzg=" } });
  expect(next.annotations).toEqual({ c: "d" });
  expect(filters.addTo(spec(profile("B"))).annotations).toBeUndefined();
  expect(filters.addTo(spec(undefined)).annotations).toBeUndefined();
});

test("the first answer stays", () => {
  const filters = createFilters();
  for (const text of ["11111111", "22222222"]) {
    compiled(Buffer.from(text));
    filters.learn(spec(profile("A")), folder);
  }
  expect(filters.addTo(spec(profile("A"))).annotations).toEqual({ [name]: "MTExMTExMTE=" });
});

test.each([
  ["no filter", undefined],
  ["an empty one", Buffer.alloc(0)],
  ["a part of one", Buffer.alloc(12)],
])("%s is not remembered", (_, bytes) => {
  const filters = createFilters();
  if (bytes !== undefined) compiled(bytes);
  filters.learn(spec(profile("A")), folder);
  expect(filters.addTo(spec(profile("A"))).annotations).toBeUndefined();
});

test("where the user has a say in the filter, or listens to it, crun compiles it each time", () => {
  const filters = createFilters();
  compiled(Buffer.alloc(8));
  const special = [spec(profile("A"), { [name]: "own" }), spec({ ...profile("A"), listenerPath: "/l" })];
  filters.learn(spec(profile("A")), folder);
  for (const each of special) {
    filters.learn(each, folder);
    expect(filters.addTo(each)).toBe(each);
  }
});

test("the memory is bounded", () => {
  const filters = createFilters();
  compiled(Buffer.alloc(8));
  for (let index = 0; index < 100; index++) filters.learn(spec(profile(String(index))), folder);
  const held = Array.from({ length: 100 }, (_, index) => filters.addTo(spec(profile(String(index)))).annotations);
  expect(held.filter((each) => each !== undefined)).toHaveLength(32);
});
