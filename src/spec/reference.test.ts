import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  familiar,
  formatReference,
  isTag,
  parseAnyReference,
  parseReference,
  parseRepository,
  withDefaultTag,
} from "./reference.ts";

const hex = "a".repeat(64);

describe("parseReference", () => {
  test.each([
    ["busybox", "docker.io/library/busybox", "busybox"],
    ["busybox:1.36", "docker.io/library/busybox:1.36", "busybox:1.36"],
    ["library/busybox", "docker.io/library/busybox", "busybox"],
    ["me/tool", "docker.io/me/tool", "me/tool"],
    ["docker.io/busybox", "docker.io/library/busybox", "busybox"],
    ["index.docker.io/me/x", "docker.io/me/x", "me/x"],
    ["docker.io/a.b/c", "docker.io/a.b/c", "docker.io/a.b/c"],
    ["docker.io/library/a/b", "docker.io/library/a/b", "library/a/b"],
    ["localhost/x", "localhost/x", "localhost/x"],
    ["localhost:5000/x:y", "localhost:5000/x:y", "localhost:5000/x:y"],
    ["Host/x", "Host/x", "Host/x"],
    ["[::1]:5000/x", "[::1]:5000/x", "[::1]:5000/x"],
    ["127.0.0.1:5000/a/b__c/d---e", "127.0.0.1:5000/a/b__c/d---e", "127.0.0.1:5000/a/b__c/d---e"],
    [`x@sha256:${hex}`, `docker.io/library/x@sha256:${hex}`, `x@sha256:${hex}`],
    [`x:t@sha256:${hex}`, `docker.io/library/x:t@sha256:${hex}`, `x:t@sha256:${hex}`],
  ])("%s", (text, full, short) => {
    const reference = parseReference(text);
    expect(formatReference(reference)).toBe(full);
    expect(familiar(reference)).toBe(short);
  });

  test.each([
    ["", "invalid reference format"],
    ["Foo", "invalid reference format: repository name (library/Foo) must be lowercase"],
    ["a/Foo:X", "invalid reference format: repository name (a/Foo) must be lowercase"],
    [":x", "invalid reference format"],
    ["x:", "invalid reference format"],
    ["x@", "invalid reference format"],
    ["a//b", "invalid reference format"],
    ["../x", "invalid reference format"],
    ["a/../b", "invalid reference format"],
    ["-x", "invalid reference format"],
    ["a_-b", "invalid reference format"],
    ["x:\u0000", "invalid reference format"],
    ["x y", "invalid reference format"],
    ["x\n", "invalid reference format"],
    [`x:${"t".repeat(129)}`, "invalid reference format"],
    ["https://h/x", "invalid reference format"],
    [hex, `invalid repository name (${hex}), cannot specify 64-byte hexadecimal strings`],
    [`x@sha256:${"a".repeat(63)}`, "invalid checksum digest length"],
    [`x@sha256:${"A".repeat(64)}`, "invalid checksum digest format"],
    [`x@md5:${"a".repeat(32)}`, "unsupported digest algorithm"],
    ["a".repeat(256), "repository name must not be more than 255 characters"],
    ["x".repeat(1_000_000), "invalid reference format"],
  ])("refuses %# %.40s", (text, message) => {
    expect(() => parseReference(text)).toThrow(expect.objectContaining({ message, kind: "invalid" }));
  });

  test("what it accepts, it reads back from either form", () => {
    const component = fc.stringMatching(/^[a-z0-9]{1,5}([._]|__|-{1,3})?[a-z0-9]{1,5}$/);
    const domain = fc.constantFrom("", "docker.io/", "localhost/", "r.example:5000/", "[fe80::1]/");
    const tag = fc.stringMatching(/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,20}$/);
    fc.assert(
      fc.property(domain, fc.array(component, { minLength: 1, maxLength: 4 }), fc.option(tag), (host, parts, end) => {
        const reference = parseReference(host + parts.join("/") + (end === null ? "" : `:${end}`));
        expect(parseReference(formatReference(reference))).toEqual(reference);
        expect(parseReference(familiar(reference))).toEqual(reference);
      }),
    );
  });

  test("any text parses to safe parts or is refused as invalid", () => {
    const text = fc.oneof(fc.string({ unit: "binary" }), fc.stringMatching(/^[a-zA-Z0-9:/@._[\]-]{0,60}$/));
    fc.assert(
      fc.property(text, (input) => {
        try {
          const { domain, path, tag } = parseReference(input);
          expect(path).toMatch(/^[a-z0-9]+([._/-]+[a-z0-9]+)*$/);
          expect(`/${path}/`).not.toContain("/../");
          expect(domain).not.toMatch(/[@?#\s/]/);
          expect(tag === undefined || isTag(tag)).toBe(true);
        } catch (error) {
          expect(error).toMatchObject({ kind: "invalid" });
        }
      }),
      { numRuns: 2000 },
    );
  });

  test("takes linear time on texts made to backtrack", () => {
    const started = performance.now();
    for (const unit of ["a-", "a.", "0", "a--a", "[:", "a_"]) {
      for (const end of ["", "!", "/!", "@sha256:"]) {
        try {
          parseReference(`r.io/${unit.repeat(800)}${end}`);
          parseReference(`${unit.repeat(800)}.io/x${end}`);
        } catch {}
      }
    }
    expect(performance.now() - started).toBeLessThan(1000);
  });
});

test("a bare id is an id and not a name", () => {
  expect(parseAnyReference(hex)).toEqual({ id: `sha256:${hex}` });
  expect(parseAnyReference(`sha256:${hex}`)).toEqual({ id: `sha256:${hex}` });
  expect(parseAnyReference("abc")).toEqual({ reference: parseReference("abc") });
});

test("the default tag goes to names that have neither tag nor digest", () => {
  expect(withDefaultTag(parseReference("x")).tag).toBe("latest");
  expect(withDefaultTag(parseReference("x:1")).tag).toBe("1");
  expect(withDefaultTag(parseReference(`x@sha256:${hex}`)).tag).toBeUndefined();
  expect(() => parseRepository("x:1")).toThrow(/has a tag or a digest/);
});
