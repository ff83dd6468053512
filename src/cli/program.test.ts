import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { Output } from "./core/output.ts";
import { runProgram } from "./program.ts";

let folder = "";
let server: Server;
/** What the fake daemon answers, by "METHOD /path?query" without the version. */
let answers: Record<string, { status?: number; body?: unknown; text?: string }> = {};
let asked: { line: string; body: string; auth: string | undefined }[] = [];

function memory(): Output & { text: string } {
  return {
    fd: -1,
    text: "",
    write(data) {
      this.text += typeof data === "string" ? data : Buffer.from(data).toString("latin1");
    },
  };
}

async function berth(...argv: string[]): Promise<{ code: number; out: string; err: string }> {
  const out = memory();
  const err = memory();
  const env = { HOME: folder, BERTH_HOST: `unix://${folder}/d.sock` };
  const code = await runProgram({ program: { command: "berth", title: "Berth" }, argv, out, err, env });
  return { code, out: out.text, err: err.text };
}

beforeAll(async () => {
  folder = mkdtempSync("/var/tmp/berth-cli-");
  server = createServer((request, response) => {
    let body = "";
    request.on("data", (chunk: Buffer) => {
      body += chunk.toString();
    });
    request.on("end", () => {
      const line = `${request.method} ${request.url?.replace(/^\/v[\d.]+/, "")}`;
      asked.push({ line, body, auth: request.headers["x-registry-auth"] as string | undefined });
      const {
        status = 200,
        body: value,
        text,
      } = answers[line] ?? { status: 404, body: { message: `no answer for ${line}` } };
      response.writeHead(status, { "Content-Type": "application/json" });
      response.end(text ?? (value === undefined ? "" : JSON.stringify(value)));
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
  answers = {};
  asked = [];
  rmSync(join(folder, ".docker"), { recursive: true, force: true });
});

const hoursAgo = (hours: number) => Math.floor(Date.now() / 1000) - hours * 3600 - 5;
const container = (name: string, more: object = {}) => ({
  Id: "0123456789abcdef".repeat(4),
  Names: [`/${name}`],
  Image: "busybox",
  ImageID: "sha256:1",
  Command: "sh -c 'sleep a very long time'",
  Created: hoursAgo(3),
  Ports: [
    { IP: "0.0.0.0", PrivatePort: 80, PublicPort: 8080, Type: "tcp" },
    { IP: "0.0.0.0", PrivatePort: 81, PublicPort: 8081, Type: "tcp" },
    { PrivatePort: 443, Type: "tcp" },
  ],
  Labels: { "com.x.my-label": "c", a: "b" },
  State: "running",
  Status: "Up 3 hours",
  HostConfig: { NetworkMode: "none" },
  NetworkSettings: { Networks: { none: {} } },
  Mounts: [],
  ...more,
});

describe("ps", () => {
  test("prints a table", async () => {
    answers["GET /containers/json"] = { body: [container("web")] };
    const ports = "443/tcp, 0.0.0.0:8080->80/tcp, 0.0.0.0:8081->81/tcp";
    expect((await berth("ps")).out).toBe(
      [
        `CONTAINER ID   IMAGE     COMMAND                  CREATED       STATUS       ${"PORTS".padEnd(ports.length)}   NAMES`,
        `0123456789ab   busybox   "sh -c 'sleep a very…"   3 hours ago   Up 3 hours   ${ports}   web`,
        "",
      ].join("\n"),
    );
  });
  test("by template, with header, as JSON and as ids", async () => {
    answers["GET /containers/json?all=1"] = { body: [container("a"), container("bb")] };
    const table = await berth("ps", "-a", "--format", 'table {{.Names}}\\t{{.Label "com.x.my-label"}}');
    expect(table.out).toBe("NAMES     my label\na         c\nbb        c\n");
    expect((await berth("ps", "-a", "--format", "{{.Names}}:{{.State}}")).out).toBe("a:running\nbb:running\n");
    expect((await berth("ps", "-aq")).out).toBe("0123456789ab\n0123456789ab\n");
    const [first = ""] = (await berth("ps", "-a", "--format", "json")).out.split("\n");
    expect(JSON.parse(first)).toMatchObject({
      Names: "a",
      Labels: "a=b,com.x.my-label=c",
      Networks: "none",
      Platform: null,
    });
  });
  test("takes its format from config.json, filters to the daemon, and asks for sizes where they are shown", async () => {
    answers["GET /containers/json?size=1"] = { body: [container("a", { SizeRw: 5, SizeRootFs: 2_000_000 })] };
    await import("node:fs/promises").then(({ mkdir }) => mkdir(join(folder, ".docker")));
    writeFileSync(join(folder, ".docker/config.json"), JSON.stringify({ psFormat: "{{.Names}} {{.Size}}" }));
    expect((await berth("ps")).out).toBe("a 5B (virtual 2MB)\n");
    await berth("ps", "-f", "name=x", "-f", "status=running", "--format", "x");
    expect(decodeURIComponent(asked.at(-1)?.line ?? "")).toBe(
      'GET /containers/json?filters={"name":{"x":true},"status":{"running":true}}',
    );
  });
});

describe("images", () => {
  const image = (more: object) => ({
    Id: `sha256:${"ab".repeat(32)}`,
    Created: hoursAgo(50),
    Size: 1_982_384,
    SharedSize: -1,
    Containers: -1,
    ...more,
  });
  test("one line a name, dangling ones last as <none>", async () => {
    answers["GET /images/json"] = {
      body: [
        image({ RepoTags: ["busybox:1", "localhost:5000/x/y:z"], RepoDigests: [] }),
        image({ RepoTags: [], RepoDigests: ["busybox@sha256:1234"] }),
        image({ RepoTags: null, RepoDigests: null }),
      ],
    };
    expect((await berth("images")).out).toBe(
      [
        "REPOSITORY           TAG       IMAGE ID       CREATED      SIZE",
        "busybox              1         abababababab   2 days ago   1.98MB",
        "localhost:5000/x/y   z         abababababab   2 days ago   1.98MB",
        "busybox              <none>    abababababab   2 days ago   1.98MB",
        "<none>               <none>    abababababab   2 days ago   1.98MB",
        "",
      ].join("\n"),
    );
  });
  test("rmi goes on after a failure; -f forgives a missing one", async () => {
    answers["DELETE /images/a"] = { body: [{ Untagged: "a:latest" }, { Deleted: "sha256:1" }] };
    answers["DELETE /images/no"] = { status: 404, body: { message: "No such image: no:latest" } };
    answers["DELETE /images/no?force=1"] = { status: 404, body: { message: "No such image: no:latest" } };
    expect(await berth("rmi", "no", "a")).toEqual({
      code: 1,
      out: "Untagged: a:latest\nDeleted: sha256:1\n",
      err: "Error response from daemon: No such image: no:latest\n",
    });
    expect((await berth("rmi", "-f", "no")).code).toBe(0);
  });
});

describe("several objects", () => {
  test("are answered in the order given, failures at the end", async () => {
    answers["POST /containers/a/stop?t=1"] = { status: 304 };
    answers["POST /containers/b/stop?t=1"] = { status: 404, body: { message: "No such container: b" } };
    answers["POST /containers/c/stop?t=1"] = { status: 204 };
    expect(await berth("stop", "-t", "1", "a", "b", "c")).toEqual({
      code: 1,
      out: "a\nc\n",
      err: "Error response from daemon: No such container: b\n",
    });
  });
  test("inspect prints the daemon's own JSON, indented, numbers unharmed", async () => {
    answers["GET /containers/a/json"] = { text: '{"Id":"x","N":9223372036854775807,"E":[],"L":["a","b"]}\n' };
    expect((await berth("inspect", "a")).out).toBe(
      '[\n    {\n        "Id": "x",\n        "N": 9223372036854775807,\n        "E": [],\n        "L": [\n            "a",\n            "b"\n        ]\n    }\n]\n',
    );
    expect(await berth("inspect", "nope")).toEqual({ code: 1, out: "[]\n", err: "Error: No such object: nope\n" });
  });
});

describe("run", () => {
  test("pulls a missing image, creates, starts and prints the id", async () => {
    let created = 0;
    Object.defineProperty(answers, "POST /containers/create?name=n", {
      get: () =>
        created++ === 0
          ? { status: 404, body: { message: "No such image: busybox:latest" } }
          : { status: 201, body: { Id: "abc", Warnings: ["careful"] } },
    });
    answers["POST /images/create?fromImage=busybox&tag=latest"] = {
      text: '{"status":"Pulling from library/busybox","id":"latest"}\n{"status":"Status: done"}\n',
    };
    answers["POST /containers/abc/start"] = { status: 204 };
    const result = await berth("run", "-d", "--name", "n", "busybox", "sleep", "1");
    expect(result).toEqual({
      code: 0,
      out: "abc\n",
      err: "Unable to find image 'busybox:latest' locally\nlatest: Pulling from library/busybox\nStatus: done\nWARNING: careful\n",
    });
    expect(JSON.parse(asked[0]?.body ?? "")).toMatchObject({
      Image: "busybox",
      Cmd: ["sleep", "1"],
      AttachStdout: false,
    });
  });
  test.each([
    ["executable file not found in $PATH", 127],
    ["exec /x: permission denied", 126],
    ["no space", 125],
  ])("%s gives its exit code", async (message, code) => {
    answers["POST /containers/create"] = { status: 201, body: { Id: "abc", Warnings: null } };
    answers["POST /containers/abc/start"] = { status: 400, body: { message } };
    const result = await berth("run", "-d", "busybox");
    expect(result.code).toBe(code);
    expect(result.err).toBe(
      `berth: Error response from daemon: ${message}\n\nRun 'berth run --help' for more information\n`,
    );
  });
  test("the id file is written, and never over another", async () => {
    answers["POST /containers/create"] = { status: 201, body: { Id: "abc", Warnings: [] } };
    const path = join(folder, "cid");
    await berth("create", "--cidfile", path, "busybox");
    expect(readFileSync(path, "utf8")).toBe("abc");
    const again = await berth("run", "-d", "--cidfile", path, "busybox");
    expect(again.code).toBe(125);
    expect(again.err).toContain("container ID file found");
  });
});

describe("mistakes", () => {
  test.each([
    [
      ["ps", "x"],
      1,
      "berth: 'berth ps' accepts no arguments\n\nUsage:  berth ps [OPTIONS]\n\nRun 'berth ps --help' for more information\n",
    ],
    [
      ["rm"],
      1,
      "berth: 'berth rm' requires at least 1 argument\n\nUsage:  berth rm [OPTIONS] CONTAINER [CONTAINER...]\n\nSee 'berth rm --help' for more information\n",
    ],
    [
      ["pss"],
      1,
      "berth: unknown command: berth pss\n\nDid you mean 'berth ps'?\n\nRun 'berth --help' for more information\n",
    ],
    [["swarm"], 1, "berth: 'berth swarm' is not supported: Berth has no swarm command\n"],
    [["search", "x"], 1, "berth: 'berth search' is not there yet: this version of Berth does not have it\n"],
    [["-H", "unix:///a", "-c", "x", "ps"], 1, "conflicting options: cannot specify both --host and --context\n"],
    [
      ["-H", "unix:///nope/x", "ps"],
      1,
      "Cannot connect to the Berth daemon at unix:///nope/x. Is the berth daemon running?\n",
    ],
    [["logs", "--since", "x", "a"], 1, 'invalid value for "since": failed to parse value as time or duration: "x"\n'],
    [["ps", "--format", "{{.X"], 1, "failed to parse template: template: :1: unclosed action\n"],
  ])("%j", async (argv, code, err) => {
    answers["GET /containers/json"] = { body: [] };
    expect(await berth(...argv)).toEqual({ code, out: "", err });
  });
  test("an unknown flag gives 125 and the usage", async () => {
    const { code, err } = await berth("ps", "--foo");
    expect(code).toBe(125);
    expect(err).toContain("unknown flag: --foo");
    expect(err).toContain("\n\nUsage:  berth ps [OPTIONS]\n\nRun 'berth ps --help' for more information\n");
  });
});

test("every command has help", async () => {
  const { COMMANDS, COMMON, GROUPS } = await import("./catalog.ts");
  const all = [...Object.entries(COMMON), ...Object.entries(COMMANDS)].map(([name]) => [name]);
  for (const [group, { entries }] of Object.entries(GROUPS))
    for (const name of Object.keys(entries)) all.push([group, name]);
  for (const words of all) {
    const { code, out } = await berth(...words, "--help");
    expect(out, words.join(" ")).toMatch(new RegExp(`^Usage:  berth ${words.join(" ")}`));
    expect(code).toBe(0);
  }
  expect((await berth()).out).toContain("Management Commands:");
  expect((await berth("container")).out).toContain("Usage:  berth container COMMAND");
});

test("credentials are kept for their own registry and sent to no other", async () => {
  answers["POST /auth"] = { body: { Status: "Login Succeeded" } };
  answers["POST /images/create?fromImage=localhost%3A5000%2Fx&tag=latest"] = { text: "" };
  answers["POST /images/create?fromImage=other%2Fx&tag=latest"] = { text: "" };
  const { code, out } = await berth("login", "-u", "me", "-p", "secret", "localhost:5000");
  expect([code, out]).toEqual([0, "Login Succeeded\n"]);
  await berth("pull", "localhost:5000/x");
  expect(JSON.parse(Buffer.from(asked.at(-1)?.auth ?? "", "base64url").toString())).toMatchObject({
    username: "me",
    password: "secret",
  });
  await berth("pull", "other/x");
  expect(asked.at(-1)?.auth).toBeUndefined();
  await berth("logout", "localhost:5000");
  expect(JSON.parse(readFileSync(join(folder, ".docker/config.json"), "utf8"))).toEqual({ auths: {} });
});
