import fc from "fast-check";
import { expect, test } from "vitest";
import { DEFAULT_PATH, environmentFor, mergeEnvironment } from "./environment.ts";

test("an entry replaces its namesake in place, and one without a value takes it away", () => {
  expect(mergeEnvironment(["A=1", "B=2", "C=3"], ["B=x", "D=4", "A", "E"])).toEqual(["B=x", "C=3", "D=4"]);
  expect(mergeEnvironment([], ["A=1", "A=2"])).toEqual(["A=1", "A=2"]);
});

const base = { hostname: "h", home: "/home/me", env: [] as string[] };

test("what every process has", () => {
  expect(environmentFor({ ...base, tty: false })).toEqual([`PATH=${DEFAULT_PATH}`, "HOSTNAME=h", "HOME=/home/me"]);
  expect(environmentFor({ ...base, tty: true })).toContain("TERM=xterm");
  expect(environmentFor({ ...base, tty: true, env: ["TERM=vt100", "PATH=/x"] })).toEqual([
    "PATH=/x",
    "HOSTNAME=h",
    "TERM=vt100",
    "HOME=/home/me",
  ]);
});

test("HOME is always there, so that no runtime looks for it in the container's files", () => {
  expect(environmentFor({ ...base, home: "", tty: false })).toContain("HOME=/");
  expect(
    environmentFor({ ...base, tty: false, env: ["HOME=/own"] }).filter((entry) => entry.startsWith("HOME=")),
  ).toEqual(["HOME=/own"]);
  expect(environmentFor({ ...base, tty: false, env: ["HOME="] }).filter((entry) => entry.startsWith("HOME="))).toEqual([
    "HOME=/home/me",
  ]);
  fc.assert(
    fc.property(fc.array(fc.string()), (env) =>
      environmentFor({ ...base, tty: false, env }).some((entry) => entry.startsWith("HOME=") && entry.length > 5),
    ),
  );
});
