import { type ChildProcess, execFileSync, spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { createServer, type Server } from "node:http";
import { type AddressInfo, createServer as createSocket } from "node:net";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createRemoteSources, type RemoteSources } from "./remote-sources.ts";
import { fileNameOf, parseGitSource, redactedUrl } from "./remote-url.ts";

const signal = new AbortController().signal;
const hasGit =
  spawnSync("git", ["daemon", "--help"], {
    stdio: "ignore",
    env: { ...process.env, GIT_PAGER: "cat", MANPAGER: "cat" },
  }).error === undefined;

let folder: string;
let sources: RemoteSources;
beforeAll(() => {
  folder = mkdtempSync("/dev/shm/berth-remote-");
  sources = createRemoteSources({ folder: join(folder, "fetched") });
});
afterAll(() => {
  sources.close();
  rmSync(folder, { recursive: true, force: true });
});

test.each([
  ["https://h/x.git", { url: "https://h/x.git" }],
  ["https://h/x.git#main", { url: "https://h/x.git", ref: "main" }],
  ["https://h/x.git#main:a/./b/", { url: "https://h/x.git", ref: "main", subdir: "a/b" }],
  ["https://h/x.git#:sub", { url: "https://h/x.git", subdir: "sub" }],
  ["github.com/o/r", { url: "https://github.com/o/r" }],
  ["git@h:o/r.git#v1", { url: "git@h:o/r.git", ref: "v1" }],
  ["ssh://me@h/r", { url: "ssh://me@h/r" }],
])("a repository: %s", (text, wanted) => {
  expect(parseGitSource(text)).toEqual({ ref: undefined, subdir: undefined, ...wanted });
});

test.each(["https://h/x.tar.gz", "https://h/x.git.tar", "http://h/", "/local", "x.git"])(
  "no repository: %s",
  (text) => {
    expect(parseGitSource(text)).toBeUndefined();
  },
);

test.each(["#--upload-pack=x", "#a b", "#a..b", "#x:../y", "#x:a/../../b", "#:.."])("refused: %s", (fragment) => {
  expect(() => parseGitSource(`https://h/x.git${fragment}`)).toThrow(/invalid git (reference|subdirectory)/);
});

test("no folder of a repository leads outside, whatever is asked for", () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      try {
        expect(parseGitSource(`https://h/x.git#r:${text}`)?.subdir?.split("/") ?? []).not.toContain("..");
      } catch (error) {
        expect((error as { kind?: string }).kind).toBe("invalid");
      }
    }),
  );
});

test("user and password stand in no message; names of files have no way out", () => {
  expect(redactedUrl("https://me:secret@h/x")).toBe("https://xxxxx@h/x");
  expect(fileNameOf("https://h/a/b%20c?q#f")).toBe("b c");
  for (const url of ["https://h/", "https://h/a/..%2fx", "https://h/%2e%2e", "https://h/a%00"])
    expect(() => fileNameOf(url)).toThrow(/cannot determine filename/);
});

describe("over HTTP", () => {
  let server: Server;
  let base: string;
  beforeAll(async () => {
    server = createServer((request, response) => {
      if (request.url === "/file") response.setHeader("last-modified", "Thu, 01 Jan 1970 00:01:00 GMT").end("hello");
      else if (request.url === "/secret") response.writeHead(request.headers.authorization ? 200 : 401).end("in");
      else response.writeHead(404).end();
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    base = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterAll(() => server.close());

  test("a file comes with the server's time, for its owner alone", async () => {
    const checksum = `sha256:${createHash("sha256").update("hello").digest("hex")}`;
    const { root, name } = await sources.fetch(`http://${base}/file`, { checksum }, signal);
    const stat = statSync(join(root, name));
    expect([readFileSync(join(root, name), "utf8"), stat.mode & 0o777, stat.mtimeMs]).toEqual(["hello", 0o600, 60_000]);
  });

  test("another checksum, another status and nobody there are told; credentials are sent and not told", async () => {
    const wrong = `sha256:${"0".repeat(64)}`;
    await expect(sources.fetch(`http://${base}/file`, { checksum: wrong }, signal)).rejects.toThrow("digest mismatch");
    await expect(sources.fetch(`http://${base}/nope`, {}, signal)).rejects.toThrow("invalid response status 404");
    const { root, name } = await sources.fetch(`http://me:word@${base}/secret`, {}, signal);
    expect(readFileSync(join(root, name), "utf8")).toBe("in");
    const refused = sources.fetch("http://me:word@127.0.0.1:1/x", {}, signal);
    await expect(refused).rejects.toThrow(/failed to load http:\/\/xxxxx@127/);
  });
});

describe.skipIf(!hasGit)("over git", () => {
  let daemon: ChildProcess;
  let base: string;
  beforeAll(async () => {
    const repository = join(folder, "served/repo");
    mkdirSync(join(repository, "sub"), { recursive: true });
    const git = (...args: string[]) =>
      execFileSync("git", ["-c", "user.name=x", "-c", "user.email=x@y", ...args], { cwd: repository, stdio: "ignore" });
    writeFileSync(join(repository, "a"), "a");
    writeFileSync(join(repository, "sub/b"), "b");
    symlinkSync("/etc", join(repository, "out"));
    git("init", "-q", "-b", "main");
    git("add", ".");
    git("commit", "-qm", "one");
    git("tag", "v1");
    writeFileSync(join(repository, "a"), "second");
    git("commit", "-qam", "two");
    const port = await freePort();
    const args = ["daemon", "--export-all", "--reuseaddr", "--listen=127.0.0.1", `--port=${port}`];
    daemon = spawn("git", [...args, `--base-path=${join(folder, "served")}`], { stdio: "ignore" });
    base = `git://127.0.0.1:${port}/repo`;
    for (let tries = 0; tries < 200; tries++) {
      if (spawnSync("git", ["ls-remote", base], { stdio: "ignore" }).status === 0) return;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  });
  afterAll(() => daemon.kill("SIGKILL"));

  test("a branch, a tag and a folder, without .git unless it is wanted", async () => {
    const head = await sources.fetch(base, {}, signal);
    expect(readFileSync(join(head.root, head.name, "a"), "utf8")).toBe("second");
    expect(existsSync(join(head.root, ".git"))).toBe(false);
    const tag = await sources.fetch(`${base}#v1`, { keepGitDir: true }, signal);
    expect(readFileSync(join(tag.root, "a"), "utf8")).toBe("a");
    expect(existsSync(join(tag.root, ".git"))).toBe(true);
    expect((await sources.fetch(`${base}#v1:sub`, {}, signal)).name).toBe("sub");
  });

  test("what is not there is told; a link is no folder of the repository", async () => {
    await expect(sources.fetch(`${base}#nope`, {}, signal)).rejects.toThrow(/failed to fetch remote git:/);
    await expect(sources.fetch(`${base}#main:missing`, {}, signal)).rejects.toThrow("is no directory of");
    await expect(sources.fetch(`${base}#main:out`, {}, signal)).rejects.toThrow("is no directory of");
  });
});

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const socket = createSocket();
    socket.listen(0, "127.0.0.1", () => {
      const { port } = socket.address() as AddressInfo;
      socket.close(() => resolve(port));
    });
  });
}
