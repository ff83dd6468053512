import { describe, expect, test } from "vitest";
import { formatPlatform, matchPlatform, type Platform, parsePlatform, satisfiesPlatform } from "./platform.ts";

const host: Platform = { os: "linux", architecture: "amd64" };

test.each([
  ["linux/amd64", "linux/amd64"],
  ["linux/x86_64", "linux/amd64"],
  ["linux/amd64/v1", "linux/amd64"],
  ["linux/arm64/v8", "linux/arm64"],
  ["linux/aarch64", "linux/arm64"],
  ["linux/arm", "linux/arm/v7"],
  ["linux/arm/6", "linux/arm/v6"],
  ["armhf", "linux/arm/v7"],
  ["arm64", "linux/arm64"],
  ["i386", "linux/386"],
  ["linux", "linux/amd64"],
  ["windows", "windows/amd64"],
  ["LINUX/AMD64", "linux/amd64"],
  ["linux/made-up", "linux/made-up"],
])("parses %s", (text, result) => {
  expect(formatPlatform(parsePlatform(text, host))).toBe(result);
});

test.each([
  ["", /invalid component/],
  ["linux/", /invalid component/],
  ["a/b/c/d", /cannot parse platform specifier/],
  ["nonsense", /"nonsense": unknown operating system or architecture/],
  ["linux/*", /wildcards not yet supported/],
  ["linux/am d64", /invalid component/],
])("refuses %j", (text, message) => {
  expect(() => parsePlatform(text, host)).toThrow(message);
});

describe("matchPlatform", () => {
  const of = (text: string) => ({ platform: parsePlatform(text, host) });
  const best = (wanted: string, ...have: string[]) => {
    const found = matchPlatform(have.map(of), parsePlatform(wanted, host));
    return found && formatPlatform(found.platform);
  };

  test("prefers the exact one, then what the processor also runs", () => {
    expect(best("linux/amd64", "linux/386", "linux/amd64")).toBe("linux/amd64");
    expect(best("linux/amd64", "linux/386", "linux/arm64")).toBe("linux/386");
    expect(best("linux/arm/v7", "linux/arm/v5", "linux/arm/v6", "linux/arm64")).toBe("linux/arm/v6");
    expect(best("linux/arm64", "linux/arm/v6", "linux/arm/v7")).toBe("linux/arm/v7");
    expect(best("linux/amd64/v3", "linux/amd64", "linux/amd64/v2")).toBe("linux/amd64/v2");
    expect(best("linux/amd64", "linux/amd64/v2", "linux/arm64", "windows/amd64")).toBeUndefined();
  });

  test("one without a platform comes last, and an attestation never", () => {
    const plain = { platform: undefined };
    const attestation = { platform: { os: "unknown", architecture: "unknown" } };
    expect(matchPlatform([attestation, plain, of("linux/amd64")], host)).toEqual(of("linux/amd64"));
    expect(matchPlatform([attestation, plain], host)).toBe(plain);
    expect(matchPlatform([attestation], host)).toBeUndefined();
  });

  test("satisfiesPlatform says whether one runs there", () => {
    expect(satisfiesPlatform(parsePlatform("linux/386", host), host)).toBe(true);
    expect(satisfiesPlatform(parsePlatform("linux/arm64", host), host)).toBe(false);
  });
});
