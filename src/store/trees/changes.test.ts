import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { changesOf } from "./changes.ts";

const isRoot = process.geteuid?.() === 0;

describe.skipIf(!isRoot)("what an upper layer changes", () => {
  let top = "";
  beforeAll(() => {
    top = mkdtempSync(join(tmpdir(), "berth-changes-"));
    for (const folder of ["lower/etc", "lower/dir/sub", "lower/opaque", "upper/dir/sub", "upper/etc"])
      mkdirSync(join(top, folder), { recursive: true });
    const put = (path: string, content: string, mode = 0o644) => {
      writeFileSync(join(top, path), content);
      chmodSync(join(top, path), mode);
      execFileSync("touch", ["-d", "@1000", join(top, path)]);
    };
    put("lower/same", "x");
    put("upper/same", "x");
    put("lower/mode", "x");
    put("upper/mode", "x", 0o600);
    put("lower/dir/sub/deep", "x");
    put("upper/dir/sub/deep", "longer");
    put("lower/gone", "x");
    put("lower/opaque/old", "x");
    put("upper/.dockerenv", "");
    put("upper/etc/hosts", "");
    execFileSync("mknod", [join(top, "upper/gone"), "c", "0", "0"]);
    execFileSync("mknod", [join(top, "upper/never"), "c", "0", "0"]);
    mkdirSync(join(top, "upper/opaque"));
    put("upper/opaque/new", "x");
    execFileSync("setfattr", ["-n", "trusted.overlay.opaque", "-v", "y", join(top, "upper/opaque")]);
  });
  afterAll(() => rmSync(top, { recursive: true }));

  test("by Docker's rules, each directory before what is in it", () => {
    const request = { upper: join(top, "upper"), lower: join(top, "lower"), skeleton: true };
    expect(changesOf(request).map(({ kind, path }) => `${"CAD"[kind]} ${path}`)).toEqual([
      "C /dir",
      "C /dir/sub",
      "C /dir/sub/deep",
      "D /gone",
      "C /mode",
      "C /opaque",
      "A /opaque/new",
      "D /opaque/old",
    ]);
  });

  test("the engine's own files count where they are asked for; no upper layer changes nothing", () => {
    const all = changesOf({ upper: join(top, "upper"), lower: join(top, "lower") }).map(({ path }) => path);
    expect(all).toEqual(expect.arrayContaining(["/.dockerenv", "/etc", "/etc/hosts"]));
    expect(changesOf({ upper: join(top, "none"), lower: join(top, "lower") })).toEqual([]);
  });
});
