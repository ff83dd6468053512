import { chmodSync, closeSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { openRoot } from "../../../system/index.ts";
import { followLinks, normalizePath, openPath, pathOf } from "./container-path.ts";

test.each([
  ["/", "/"],
  [".", "/."],
  ["/.", "/."],
  ["d/f", "/d/f"],
  ["/d/", "/d/"],
  ["/d/.", "/d/."],
  ["/d/./f", "/d/f"],
  ["/../../etc", "/etc"],
  ["/d/..", "/"],
  ["//d//f", "/d/f"],
])("%s is %s", (given, expected) => {
  expect(normalizePath(given)).toBe(expected);
});

describe("paths in a root", () => {
  let top = "";
  let root = -1;
  beforeEach(() => {
    top = mkdtempSync(join(tmpdir(), "berth-path-"));
    mkdirSync(join(top, "root/d"), { recursive: true });
    writeFileSync(join(top, "root/d/f"), "abc");
    writeFileSync(join(top, "secret"), "");
    chmodSync(join(top, "root/d/f"), 0o4755);
    symlinkSync("/d", join(top, "root/abs"));
    symlinkSync("../../secret", join(top, "root/d/out"));
    symlinkSync("loop", join(top, "root/loop"));
    root = openRoot(join(top, "root"));
  });
  afterEach(() => {
    closeSync(root);
    rmSync(top, { recursive: true });
  });

  const look = (path: string) => {
    const { directory, stat } = openPath(root, path, "c");
    const at = pathOf(root, directory);
    closeSync(directory);
    return { at, ...stat };
  };

  test("are told as Docker tells them", () => {
    expect(look("/d/f")).toMatchObject({ at: "/d", name: "f", size: 3, mode: 2 ** 23 + 0o755, linkTarget: "" });
    expect(look("/abs")).toMatchObject({ at: "/", name: "abs", mode: 2 ** 27 + 0o777, linkTarget: "/d" });
    expect(look("/abs/")).toMatchObject({ at: "/d", name: "abs", linkTarget: "" });
    expect(look("/abs/.")).toMatchObject({ at: "/d", name: "." });
    expect(look("/abs/f")).toMatchObject({ at: "/d", name: "f" });
    expect(look("/")).toMatchObject({ at: "/", name: "/" });
  });

  test("end at the root, whatever a link says", () => {
    expect(look("/d/out")).toMatchObject({ at: "/d", name: "out", linkTarget: "/secret" });
    expect(() => look("/d/out/")).toThrow("Could not find the file /d/out/ in container c");
  });

  test("that lead nowhere have Docker's words", () => {
    expect(() => look("/nope")).toThrow("Could not find the file /nope in container c");
    expect(() => look("/d/f/")).toThrow("lstat /d/f/: not a directory");
    expect(() => look("/loop/")).toThrow("too many levels of symbolic links");
    expect(() => followLinks(root, "/loop")).toThrow("too many links");
  });
});
