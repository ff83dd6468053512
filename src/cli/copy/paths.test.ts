import { describe, expect, test } from "vitest";
import { keepEnding, planCopy, rebaseName, renamed, splitArgument, splitEntry } from "./paths.ts";

test("arguments are taken apart as Docker does", () => {
  expect(splitArgument("c:/a:b")).toEqual({ container: "c", path: "/a:b" });
  expect(splitArgument("/c:/a")).toEqual({ container: "", path: "/c:/a" });
  expect(splitArgument("./c:a")).toEqual({ container: "", path: "./c:a" });
  expect(splitArgument("plain")).toEqual({ container: "", path: "plain" });
});

test("the ending of a path is kept", () => {
  expect(keepEnding("/a", "/a/")).toBe("/a/");
  expect(keepEnding("/a", "/a/.")).toBe("/a/.");
  expect(keepEnding("/a", "/x/../a")).toBe("/a");
  expect(keepEnding("/", "/.")).toBe("/.");
  expect(splitEntry("/a/b/.")).toEqual({ folder: "/a/b", entry: "." });
  expect(splitEntry("/a/b/")).toEqual({ folder: "/a", entry: "b" });
  expect(splitEntry("/")).toEqual({ folder: "/", entry: "/" });
  expect(rebaseName("/link/", "/target")).toEqual({ path: "/target/", name: "link" });
  expect(rebaseName("/a/same", "/b/same")).toEqual({ path: "/b/same", name: "" });
});

describe("what a copy makes", () => {
  const end = (path: string, kind: "file" | "folder" | "nothing") => ({
    path,
    exists: kind !== "nothing",
    isDirectory: kind === "folder",
  });

  test.each([
    ["file into folder", end("/s/f", "file"), end("/d", "folder"), { folder: "/d" }],
    ["folder into folder", end("/s/g", "folder"), end("/d", "folder"), { folder: "/d" }],
    ["file over file", end("/s/f", "file"), end("/d/x", "file"), { folder: "/d", rename: { from: "f", to: "x" } }],
    [
      "file to a new name",
      end("/s/f", "file"),
      end("/d/n", "nothing"),
      { folder: "/d", rename: { from: "f", to: "n" } },
    ],
    [
      "folder to a new name",
      end("/s/g", "folder"),
      end("/d/n", "nothing"),
      { folder: "/d", rename: { from: "g", to: "n" } },
    ],
    [
      "content to a new name",
      end("/s/g/.", "folder"),
      end("/d/n", "nothing"),
      { folder: "/d", rename: { from: ".", to: "n" } },
    ],
  ])("%s", (_, source, destination, plan) => {
    expect(planCopy(source, destination)).toEqual(plan);
  });

  test("what cannot be", () => {
    expect(() => planCopy(end("/g", "folder"), end("/d", "file"))).toThrow("cannot copy directory");
    expect(() => planCopy(end("/f", "file"), end("/d/", "nothing"))).toThrow("no such directory");
  });

  test("only the first component of a name changes", () => {
    const rename = { from: "a", to: "b" };
    expect(renamed("a", rename)).toBe("b");
    expect(renamed("a/", rename)).toBe("b/");
    expect(renamed("a/a", rename)).toBe("b/a");
    expect(renamed("ab/a", rename)).toBe("ab/a");
    expect(renamed("./", { from: ".", to: "b" })).toBe("b/");
    expect(renamed("./x", { from: ".", to: "b" })).toBe("b/x");
    expect(renamed("/", { from: "/", to: "b" })).toBe("b/");
    expect(renamed("/etc/x", { from: "/", to: "b" })).toBe("b/etc/x");
  });
});
