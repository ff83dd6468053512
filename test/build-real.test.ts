import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createTar } from "../src/lib/tar/index.ts";
import { type Daemon, startDaemon } from "./harness/daemon.ts";
import { isRoot, type Machine, makeMachine, until } from "./harness/machine.ts";

/** Builds as people do them, on a Debian with a compiler, Python and Node. Heavy: run where BERTH_TEST_REAL is 1. */
const wanted = process.env.BERTH_TEST_REAL === "1";
const cache = process.env.BERTH_CACHE ?? "/var/cache/berth-dev";

/** A tar of Debian with what the three builds need, made once and kept outside of the checkout. */
function debianTar(): string {
  const tar = join(cache, "debian-build-1.tar");
  if (existsSync(tar)) return tar;
  mkdirSync(cache, { recursive: true });
  const include = "--include=gcc,libc6-dev,python3-fastapi,python3-uvicorn,nodejs,npm";
  const partial = join(cache, `debian-build-1.${process.pid}.tar`);
  execFileSync("mmdebstrap", ["--quiet", "--variant=minbase", include, "bookworm", partial], { stdio: "inherit" });
  renameSync(partial, tar);
  return tar;
}

describe.skipIf(!isRoot || !wanted)("real work", () => {
  let machine: Machine;
  let daemon: Daemon;
  let count = 0;

  beforeAll(async () => {
    const tar = debianTar();
    machine = await makeMachine();
    daemon = await startDaemon(machine);
    expect((await daemon.berth(["import", tar, "debian"], { timeoutMs: 300_000 })).stderr).toBe("");
  }, 900_000);
  afterAll(async () => {
    await machine?.[Symbol.asyncDispose]();
  });

  async function build(tag: string, files: Record<string, string | Buffer>): Promise<string> {
    const folder = join(machine.dir, `real-${count++}`);
    for (const [name, content] of Object.entries(files)) {
      mkdirSync(join(folder, name, ".."), { recursive: true });
      writeFileSync(join(folder, name), content);
    }
    const done = await daemon.berth(["build", "--progress", "plain", "-t", tag, folder], { timeoutMs: 300_000 });
    expect(done.code, done.stderr).toBe(0);
    return done.stderr;
  }

  test("a C program is compiled in one stage and runs alone in another", async () => {
    await build("c", {
      Dockerfile:
        'FROM debian AS build\nWORKDIR /src\nCOPY hello.c .\nRUN gcc -O2 -static -o /hello hello.c\nFROM scratch\nCOPY --from=build /hello /hello\nENTRYPOINT ["/hello"]\nCMD ["world"]\n',
      "hello.c":
        '#include <stdio.h>\nint main(int n, char **a) { printf("hello %s\\n", n > 1 ? a[1] : "?"); return 0; }\n',
    });
    expect((await daemon.berth(["run", "--rm", "--network", "none", "c"])).stdout).toBe("hello world\n");
    const { stdout } = await daemon.berth(["image", "inspect", "-f", "{{.Size}} {{len .RootFS.Layers}}", "c"]);
    const [size, layers] = stdout.split(" ").map(Number);
    expect(size).toBeLessThan(2_000_000);
    expect(layers).toBe(1);
  });

  test("a FastAPI service runs as a user of its own and becomes healthy", async () => {
    await build("api", {
      Dockerfile: [
        "FROM debian",
        "RUN useradd --create-home --uid 1500 app",
        "WORKDIR /app",
        "COPY --chown=app main.py .",
        "USER app",
        "EXPOSE 8000",
        "HEALTHCHECK --interval=1s --start-interval=200ms --timeout=5s CMD " +
          "python3 -c 'import urllib.request as u; u.urlopen(\"http://127.0.0.1:8000/health\")'",
        'CMD ["python3", "-m", "uvicorn", "main:app", "--host", "127.0.0.1"]',
        "",
      ].join("\n"),
      "main.py":
        'import os\nfrom fastapi import FastAPI\napp = FastAPI()\n\n@app.get("/health")\ndef health():\n    return {"uid": os.getuid()}\n',
    });
    expect((await daemon.berth(["run", "-d", "--network", "none", "--name", "api", "api"])).code).toBe(0);
    const health = async () => (await daemon.berth(["inspect", "-f", "{{.State.Health.Status}}", "api"])).stdout.trim();
    await until("the service is healthy", async () => (await health()) === "healthy");
    const get = "import urllib.request as u; print(u.urlopen('http://127.0.0.1:8000/health').read().decode())";
    expect((await daemon.berth(["exec", "api", "python3", "-c", get])).stdout).toBe('{"uid":1500}\n');
    expect((await daemon.berth(["rm", "-f", "api"])).code).toBe(0);
  });

  test("a Node service is installed with npm ci, from a cache that a mount keeps", async () => {
    const greeting = createTar([
      { name: "package/package.json", content: '{"name":"greeting","version":"1.0.0","main":"index.js"}\n' },
      { name: "package/index.js", content: 'module.exports = (who) => "hello " + who;\n' },
    ]);
    const packed = execFileSync("gzip", ["-n"], { input: greeting });
    const integrity = `sha512-${execFileSync("openssl", ["dgst", "-sha512", "-binary"], { input: packed }).toString("base64")}`;
    const name = { name: "service", version: "1.0.0" };
    const lock = {
      ...name,
      lockfileVersion: 3,
      packages: {
        "": { ...name, dependencies: { greeting: "file:greeting-1.0.0.tgz" } },
        "node_modules/greeting": { version: "1.0.0", resolved: "file:greeting-1.0.0.tgz", integrity },
      },
    };
    const files = {
      Dockerfile:
        'FROM debian\nWORKDIR /app\nCOPY package.json package-lock.json greeting-1.0.0.tgz ./\nRUN --mount=type=cache,target=/root/.npm npm ci --offline --no-audit --no-fund && ls /root/.npm\nCOPY index.js .\nUSER nobody\nCMD ["node", "index.js"]\n',
      "package.json": JSON.stringify({ ...name, dependencies: { greeting: "file:greeting-1.0.0.tgz" } }),
      "package-lock.json": JSON.stringify(lock),
      "greeting-1.0.0.tgz": packed,
      "index.js": 'console.log(require("greeting")("node"));\n',
    };
    expect(await build("node", files)).toMatch(/^#\d+ \d+\.\d+ _cacache$/m);
    expect((await daemon.berth(["run", "--rm", "--network", "none", "node"])).stdout).toBe("hello node\n");
    // What was installed is found again when only the source changes.
    const again = await build("node", { ...files, "index.js": 'console.log(require("greeting")("again"));\n' });
    expect(again).toMatch(/npm ci[^\n]*\n#\d+ CACHED$/m);
    expect((await daemon.berth(["run", "--rm", "--network", "none", "node"])).stdout).toBe("hello again\n");
  });
});
