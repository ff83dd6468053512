import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { join } from "node:path";
import type { Duplex } from "node:stream";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { createTar } from "../../lib/tar/index.ts";
import { runProgram } from "../program.ts";
import { createFrameReader, encodeFrame } from "./wire/frames.ts";

/** A daemon that takes a build's connection and plays what a test gives it. */
let folder = "";
let server: Server;
let play: (request: Record<string, unknown>, socket: Duplex) => void = () => undefined;
let manifest: string[] = [];
let uploaded: Buffer | undefined;
let contextTar: Buffer[] = [];
let closed = false;

const json = (value: object) => encodeFrame(0, JSON.stringify(value));

beforeAll(async () => {
  folder = mkdtempSync("/var/tmp/berth-run-build-");
  server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const body = Buffer.concat(chunks);
      response.setHeader("Content-Type", "application/json");
      if (request.url?.startsWith("/berth/build/context?")) {
        manifest = body.toString().trim().split("\n");
        response.end(JSON.stringify({ id: "ctx", need: [0] }));
      } else if (request.url === "/berth/build/context/ctx") {
        uploaded = body;
        response.end();
      } else response.end(JSON.stringify({}));
    });
  });
  server.on("upgrade", (_request, socket: Duplex) => {
    closed = false;
    socket.write("HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n");
    const reader = createFrameReader((type, payload) => {
      if (type === 0) play(JSON.parse(payload.toString()) as Record<string, unknown>, socket);
      if (type === 4) contextTar.push(Buffer.from(payload));
      return undefined;
    });
    socket.on("data", (chunk: Buffer) => void reader.write(chunk));
    socket.on("error", () => undefined);
    socket.on("end", () => {
      closed = true;
    });
  });
  await new Promise<void>((resolve) => server.listen(join(folder, "d.sock"), resolve));
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
  rmSync(folder, { recursive: true, force: true });
});
beforeEach(() => {
  [manifest, uploaded, contextTar] = [[], undefined, []];
  rmSync(join(folder, "ctx"), { recursive: true, force: true });
  mkdirSync(join(folder, "ctx"));
  writeFileSync(join(folder, "ctx/Dockerfile"), "FROM a\nRUN false\n");
  writeFileSync(join(folder, "ctx/a.txt"), "A");
});

async function build(...flags: string[]): Promise<{ code: number; out: string; err: string }> {
  const memory = () => ({
    fd: -1,
    text: "",
    write(data: string | Uint8Array) {
      this.text += typeof data === "string" ? data : Buffer.from(data).toString("latin1");
    },
  });
  const [out, err] = [memory(), memory()];
  const env = { HOME: folder, BERTH_HOST: `unix://${folder}/d.sock` };
  const argv = ["build", ...flags, join(folder, "ctx")];
  const code = await runProgram({ program: { command: "berth", title: "Berth" }, argv, out, err, env });
  return { code, out: out.text, err: err.text };
}

const step = (more: object) => ({
  vertexes: [{ digest: "d", name: "[2/2] RUN false", started: "2026-01-01T00:00:00Z", ...more }],
});

test("a build: the folder is brought up to date, the id written", async () => {
  let asked: Record<string, unknown> = {};
  play = (request, socket) => {
    asked = request;
    socket.write(json(step({ completed: "2026-01-01T00:00:01.5Z" })));
    socket.end(json({ result: { imageId: "sha256:1" } }));
  };
  const iid = join(folder, "iid");
  const done = await build("-t", "x", "--iidfile", iid);
  expect(done).toEqual({
    code: 0,
    out: "",
    err: '#0 building with "default" instance using berth driver\n\n#1 [2/2] RUN false\n#1 DONE 1.5s\n',
  });
  expect(asked).toMatchObject({
    context: { kind: "synced", id: "ctx" },
    tags: ["x:latest"],
    dockerfile: { name: "Dockerfile" },
  });
  expect(manifest.map((line) => (JSON.parse(line) as unknown[])[0])).toEqual(["Dockerfile", "a.txt"]);
  expect(uploaded?.includes("FROM a\nRUN false\n")).toBe(true);
  expect(readFileSync(iid, "utf8")).toBe("sha256:1");
});

test("a failure shows the output, the lines and the reason", async () => {
  play = (_request, socket) => {
    const error = 'process "/bin/sh -c false" did not complete successfully: exit code: 1';
    socket.write(json(step({ completed: "2026-01-01T00:00:01Z", error })));
    const data = Buffer.from("FROM a\nRUN false\n").toString("base64");
    socket.end(json({ error: { message: error, source: { filename: "Dockerfile", data, start: 2, end: 2 } } }));
  };
  const { code, out, err } = await build();
  expect([code, out]).toEqual([1, ""]);
  expect(
    err.slice(err.indexOf("#1 ERROR")),
  ).toBe(`#1 ERROR: process "/bin/sh -c false" did not complete successfully: exit code: 1
------
 > [2/2] RUN false:
------
Dockerfile:2
--------------------
   1 |     FROM a
   2 | >>> RUN false
   3 |     
--------------------
ERROR: failed to solve: process "/bin/sh -c false" did not complete successfully: exit code: 1
`);
});

test("quiet gives the id alone, rawjson the events", async () => {
  play = (_request, socket) => {
    socket.write(json(step({})));
    socket.end(json({ result: { imageId: "sha256:1" } }));
  };
  expect(await build("-q")).toEqual({ code: 0, out: "sha256:1\n", err: "" });
  expect((await build("--progress", "rawjson")).err).toBe(`${JSON.stringify(step({}))}\n`);
});

test("findings are summed up; --check tells them all and gives 1", async () => {
  const encode = (text: string) => Buffer.from(text).toString("base64");
  const short = "JSONArgsRecommended: JSON arguments recommended for CMD (line 2)";
  play = (_request, socket) => {
    const sourceInfo = { filename: "Dockerfile", data: encode("FROM a\nCMD x\n") };
    const range = [{ start: { line: 2 }, end: { line: 2 } }];
    socket.write(
      json({ warnings: [{ vertex: "d", short: encode(short), detail: [encode("Because.")], sourceInfo, range }] }),
    );
    socket.end(json({ result: {} }));
  };
  expect((await build()).err).toContain(`\n 1 warning found (use berth --debug to expand):\n - ${short}\n`);
  const check = await build("--check");
  expect(check.code).toBe(1);
  expect(check.out).toBe(
    `Check complete, 1 warning has been found!\n\nWARNING: ${short}\nBecause.\nDockerfile:2\n--------------------\n   1 |     FROM a\n   2 | >>> CMD x\n   3 |     \n--------------------\n`,
  );
});

test("an archive is unpacked in a folder, and what leads out of it is refused", async () => {
  const send = (tar: Buffer) => {
    play = (_request, socket) => {
      for (let at = 0; at < tar.length; at += 700) socket.write(encodeFrame(5, tar.subarray(at, at + 700)));
      socket.end(json({ result: {} }));
    };
  };
  send(
    createTar([
      { name: "d/", type: "directory" },
      { name: "d/f", content: "F" },
    ]),
  );
  const target = join(folder, "out");
  expect((await build("-o", target)).code).toBe(0);
  expect(readFileSync(join(target, "d/f"), "utf8")).toBe("F");
  send(createTar([{ name: "../evil", content: "E" }]));
  expect((await build("-o", target)).code).toBe(1);
  expect(existsSync(join(folder, "evil"))).toBe(false);
  send(createTar([{ name: "f", content: "F" }]));
  const file = join(folder, "out.tar");
  expect((await build("-o", `type=tar,dest=${file}`)).code).toBe(0);
  expect(readFileSync(file)).toEqual(createTar([{ name: "f", content: "F" }]));
});

test("a connection that ends without a result is no success", async () => {
  play = (_request, socket) => void socket.end(json(step({})));
  const { code, err } = await build();
  expect(code).toBe(1);
  expect(err).toContain("the daemon ended before the build did");
});

test("a mistake that is seen here ends the connection", async () => {
  play = () => undefined;
  const { code, err } = await build("-f", join(folder, "ctx/Nope"));
  expect([code, err.trim().split("\n").at(-1)]).toEqual([
    1,
    "ERROR: failed to solve: failed to read dockerfile: open Nope: no such file or directory",
  ]);
  await expect.poll(() => closed).toBe(true);
});
