import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { cleanPath, parseEntryPath } from "./entry-path.ts";

describe("names of entries", () => {
  test.each([
    ["./", { kind: "root" }],
    ["/", { kind: "root" }],
    ["", { kind: "root" }],
    ["a/..", { kind: "root" }],
    ["a", { kind: "ordinary", directory: "", base: "a" }],
    ["./a//b/./c/", { kind: "ordinary", directory: "a/b", base: "c" }],
    ["/etc/passwd", { kind: "ordinary", directory: "etc", base: "passwd" }],
    ["/../../etc/passwd", { kind: "ordinary", directory: "etc", base: "passwd" }],
    ["a/b/../c", { kind: "ordinary", directory: "a", base: "c" }],
    ["a/.wh.b", { kind: "whiteout", directory: "a", base: "b" }],
    ["a/.wh..b", { kind: "whiteout", directory: "a", base: ".b" }],
    [".wh..wh..opq", { kind: "opaque", directory: "" }],
    ["a/.wh..wh.plnk", { kind: "ignored" }],
    ["a/.whb", { kind: "ordinary", directory: "a", base: ".whb" }],
    ["..a/...", { kind: "ordinary", directory: "..a", base: "..." }],
  ])("%j", (name, wanted) => {
    expect(parseEntryPath(name)).toEqual(wanted);
  });

  test.each(["..", "../a", "a/../../b", "./..", "a/.wh.", "a/.wh..", ".wh...", "../.wh.a"])("%j is refused", (name) => {
    expect(() => parseEntryPath(name)).toThrow(expect.objectContaining({ kind: "invalid" }));
  });

  test("a clean path never leads outside, and cleaning it again changes nothing", () => {
    const part = fc.constantFrom(".", "..", "a", "", "...", "b.c", ".wh.x");
    fc.assert(
      fc.property(fc.array(part), (parts) => {
        let path: string;
        try {
          path = cleanPath(parts.join("/"));
        } catch {
          return;
        }
        expect(path.split("/")).not.toContain("..");
        expect(path.startsWith("/")).toBe(false);
        expect(cleanPath(path)).toBe(path);
      }),
    );
  });
});
