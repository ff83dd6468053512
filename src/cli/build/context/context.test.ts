import { execFileSync } from "node:child_process";
import { appendFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createIgnoreMatcher, parseIgnoreFile } from "../../../lib/ignore/index.ts";
import { chooseContext, chooseNamedContext, isRemote } from "./choose-context.ts";
import { packContext } from "./pack.ts";
import { readDockerfile } from "./read-dockerfile.ts";
import { isArchive, peek } from "./stdin.ts";
import { walkContext } from "./walk.ts";

let folder = "";

beforeEach(() => {
  folder = mkdtempSync("/dev/shm/berth-context-");
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function files(...paths: string[]): void {
  for (const path of paths) {
    mkdirSync(join(folder, path, ".."), { recursive: true });
    writeFileSync(join(folder, path), path);
  }
}

const walked = (ignore?: string, keep?: string[]) =>
  walkContext(
    folder,
    ignore === undefined ? undefined : createIgnoreMatcher(parseIgnoreFile(ignore)),
    keep === undefined ? undefined : new Set(keep),
  ).map(({ path }) => path);

describe("walking", () => {
  test("everything, folders first, in order of names", () => {
    files("b/2", "b/1", "a", "c.d/e");
    expect(walked()).toEqual(["a", "b", "b/1", "b/2", "c.d", "c.d/e"]);
  });

  test("ignored folders are not looked into, unless something in them is taken back", () => {
    files("node_modules/x/y", "src/a", "src/b.tmp", "logs/keep", "logs/old");
    expect(walked("node_modules\n*/*.tmp\nlogs\n!logs/keep")).toEqual(["logs", "logs/keep", "src", "src/a"]);
    expect(walked("*", ["src/a"])).toEqual(["src", "src/a"]);
  });

  test("links are links, also to nowhere and outside; sockets are left out", async () => {
    files("f");
    symlinkSync("/etc/passwd", join(folder, "outside"));
    symlinkSync("nowhere", join(folder, "dangling"));
    symlinkSync(".", join(folder, "loop"));
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(join(folder, "socket"), resolve));
    expect(walkContext(folder, undefined).map(({ path, target }) => [path, target])).toEqual([
      ["dangling", "nowhere"],
      ["f", undefined],
      ["loop", "."],
      ["outside", "/etc/passwd"],
    ]);
    server.close();
  });

  test("hostile names stay as they are; what is not UTF-8 is named", () => {
    const name = "a\nb\t\u001b[31m \\ \" '$(x)";
    files(name, "-rf", "é");
    expect(walked()).toEqual(["-rf", name, "é"]);
    execFileSync("sh", ["-c", "touch \"$0/$(printf '\\377')\"", folder]);
    expect(() => walked()).toThrow("not UTF-8");
  });
});

describe("packing", () => {
  const pack = async () => {
    const chunks: Buffer[] = [];
    for await (const chunk of packContext(folder, walkContext(folder, undefined), [
      { name: "extra", data: Buffer.from("x") },
    ]))
      chunks.push(chunk);
    return Buffer.concat(chunks);
  };

  test("GNU tar reads it: modes, links, owner root", async () => {
    files("d/f");
    execFileSync("chmod", ["750", join(folder, "d/f")]);
    symlinkSync("f", join(folder, "d/link"));
    execFileSync("mkfifo", [join(folder, "pipe")]);
    const list = execFileSync("tar", ["-tvf", "-", "--numeric-owner"], { input: await pack(), encoding: "utf8" });
    expect(
      list
        .trim()
        .split("\n")
        .map((line) => [line.split(/\s+/).slice(0, 2).join(" "), line.replace(/.*\d\d:\d\d /, "")]),
    ).toEqual([
      ["drwxr-xr-x 0/0", "d/"],
      ["-rwxr-x--- 0/0", "d/f"],
      ["lrwxrwxrwx 0/0", "d/link -> f"],
      ["prw-r--r-- 0/0", "pipe"],
      ["-rw-r--r-- 0/0", "extra"],
    ]);
  });

  test("a file that changed since the walk ends it", async () => {
    files("f");
    const entries = walkContext(folder, undefined);
    appendFileSync(join(folder, "f"), "more");
    const packing = async () => {
      for await (const _ of packContext(folder, entries));
    };
    await expect(packing()).rejects.toThrow("ERROR: the build context changed while it was read: f");
    rmSync(join(folder, "f"));
    symlinkSync("/etc/passwd", join(folder, "f"));
    await expect(packing()).rejects.toThrow("changed while it was read");
  });
});

describe("choosing", () => {
  test("what is remote", () => {
    const remote = [
      "https://x/y.git#main:sub",
      "http://x/y.tar.gz",
      "git@github.com:a/b.git",
      "git://x/y",
      "ssh://git@x/y",
      "github.com/a/b",
    ];
    for (const text of remote) expect(isRemote(text)).toBe(true);
    for (const text of [".", "/x", "github.community/x", "git/x", "httpsx"]) expect(isRemote(text)).toBe(false);
  });

  test("folders have to be there", () => {
    files("f");
    expect(() => chooseContext("nodir")).toThrow('ERROR: unable to prepare context: path "nodir" not found');
    expect(() => chooseContext(join(folder, "f"))).toThrow("is not a directory");
    expect(() => chooseNamedContext("x", "nope")).toThrow(
      "ERROR: failed to get build context x: stat nope: no such file or directory",
    );
    expect(chooseNamedContext("x", "docker-image://alpine:3")).toEqual({ kind: "image", reference: "alpine:3" });
    expect(chooseNamedContext("x", "oci-layout:///a/b:tag@sha256:00")).toEqual({
      kind: "layout",
      path: "/a/b",
      reference: ":tag@sha256:00",
    });
  });

  test("the Dockerfile and its ignore file", () => {
    files("dockerfile", ".dockerignore", "sub/Other", "sub/Other.dockerignore");
    expect(readDockerfile(folder, "")).toMatchObject({
      name: "dockerfile",
      inContext: "dockerfile",
      ignore: { name: ".dockerignore" },
    });
    expect(readDockerfile(folder, join(folder, "sub/Other"))).toMatchObject({
      inContext: "sub/Other",
      ignore: { name: "Other.dockerignore" },
    });
    expect(readDockerfile(join(folder, "sub"), join(folder, "dockerfile"))).toMatchObject({
      inContext: undefined,
      ignore: undefined,
    });
    expect(() => readDockerfile(folder, join(folder, "sub"))).toThrow("is a directory");
  });

  test("what standard input holds", async () => {
    files("f");
    const tar = execFileSync("tar", ["-C", folder, "-cf", "-", "."]);
    expect(isArchive(tar)).toBe(true);
    expect(isArchive(execFileSync("gzip", ["-c"], { input: tar }))).toBe(true);
    expect(isArchive(Buffer.from("FROM scratch\n"))).toBe(false);
    async function* bytewise() {
      for (const byte of tar.subarray(0, 2000)) yield Buffer.from([byte]);
    }
    const { head, all } = await peek(bytewise());
    const chunks: Buffer[] = [];
    for await (const chunk of all) chunks.push(chunk);
    expect(head.length).toBe(512);
    expect(Buffer.concat(chunks)).toEqual(tar.subarray(0, 2000));
  });
});
