import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createTar, type TarEntry, TarParser } from "./index.ts";

let base: string;
beforeAll(() => {
  base = mkdtempSync("/var/tmp/berth-tar-");
  mkdirSync(join(base, "tree/sub"), { recursive: true });
  writeFileSync(join(base, "tree/file"), "content");
  symlinkSync("file", join(base, "tree/link"));
  for (const name of ["tree/sub", "tree/file"]) utimesSync(join(base, name), 1_234_567_890, 1_234_567_890);
});
afterAll(() => rmSync(base, { recursive: true }));

function read(archive: Buffer): Record<string, Partial<TarEntry>> {
  const found: Record<string, Partial<TarEntry>> = {};
  const parser = new TarParser({
    entry: ({ name, type, size, mtime, linkName }) => {
      found[name.toString().replace(/\/$/, "")] = { type, size, mtime, linkName };
    },
    data: () => {},
    end: () => {},
  });
  parser.write(archive);
  parser.end();
  return found;
}

describe("what GNU tar and Python write is read", () => {
  test.each(["v7", "oldgnu", "gnu", "ustar", "posix"])("%s", (format) => {
    const archive = join(base, `${format}.tar`);
    execFileSync("tar", ["-C", join(base, "tree"), "-H", format, "-cf", archive, "."]);
    const found = read(readFileSync(archive));
    expect(found["./file"]).toMatchObject({ type: "file", size: 7, mtime: 1_234_567_890_000_000_000n });
    expect(found["./sub"]).toMatchObject({ type: "directory", size: 0 });
    expect(found["./link"]).toMatchObject({ type: "symlink", linkName: Buffer.from("file") });
  });

  test.each(["USTAR_FORMAT", "GNU_FORMAT", "PAX_FORMAT"])("Python's %s, with long names", (format) => {
    const archive = join(base, "python.tar");
    const long = format === "USTAR_FORMAT" ? `${"d".repeat(120)}/${"f".repeat(90)}` : "x".repeat(250);
    const script = `import tarfile; t = tarfile.open("${archive}", "w", format=tarfile.${format}); t.add("${base}/tree/file", "${long}")`;
    execFileSync("python3", ["-c", `${script}; t.close()`]);
    expect(read(readFileSync(archive))[long]).toMatchObject({ type: "file", size: 7 });
  });
});

test("what is written is listed by GNU tar and Python", () => {
  const archive = join(base, "ours.tar");
  const long = `${"very/long/".repeat(25)}name`;
  writeFileSync(
    archive,
    createTar([{ name: "a", content: "12", uid: 3_000_000 }, { name: long }, { name: "d/", type: "directory" }]),
  );
  const gnu = execFileSync("tar", ["--numeric-owner", "-tvf", archive], { encoding: "utf8" });
  expect(gnu).toMatch(/^-rw-r--r-- 3000000\/0 +2 .* a$/m);
  expect(gnu).toContain(long);
  const script = `import tarfile; print([m.name for m in tarfile.open("${archive}")])`;
  expect(execFileSync("python3", ["-c", script], { encoding: "utf8" })).toContain(`['a', '${long}', 'd']`);
});
