import { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { describe, expect, test, vi } from "vitest";
import type { Containers } from "../../../engine/index.ts";
import { notFound } from "../../../lib/index.ts";
import { TestServer } from "../fake-engine.ts";

const stat = { name: "f", size: 1, mode: 420, mtime: "2026-01-01T00:00:00Z", linkTarget: "" };
const header = Buffer.from(JSON.stringify(stat)).toString("base64");

describe("archives", () => {
  test("are told, given and taken", async () => {
    const writeArchive = vi.fn<Containers["writeArchive"]>(async (_ref, _path, archive) => {
      expect(await text(archive)).toBe("tar in");
    });
    await using server = await TestServer.start({
      containers: {
        statPath: async () => stat,
        readArchive: async () => ({ stat, archive: Readable.from([Buffer.from("tar out")]) }),
        writeArchive,
      },
    });
    const head = await server.ask("HEAD", "/containers/c/archive?path=/f");
    expect([head.status, head.headers["x-docker-container-path-stat"]]).toEqual([200, header]);
    const got = await server.ask("GET", "/v1.41/containers/c/archive?path=/f");
    expect([got.text, got.headers["content-type"]]).toEqual(["tar out", "application/x-tar"]);
    expect(got.headers["x-docker-container-path-stat"]).toBe(header);
    const put = await server.ask(
      "PUT",
      "/containers/c/archive?path=/d&noOverwriteDirNonDir=true&copyUIDGID=1",
      "tar in",
    );
    expect(put.status).toBe(200);
    expect(writeArchive.mock.calls[0]?.slice(0, 2)).toEqual(["c", "/d"]);
    expect(writeArchive.mock.calls[0]?.[3]).toEqual({ noOverwriteDirNonDir: true, copyUIDGID: true });
  });

  test("need a path, and say what is missing", async () => {
    await using server = await TestServer.start({
      containers: { statPath: async () => Promise.reject(notFound("Could not find the file /x in container c")) },
    });
    expect((await server.ask("GET", "/containers/c/archive")).json).toEqual({
      message: "bad parameter: pathcannot be empty",
    });
    expect((await server.ask("HEAD", "/containers/c/archive?path=/x")).status).toBe(404);
  });
});

test("changes, export and commit", async () => {
  const commit = vi.fn<Containers["commit"]>(async () => "sha256:1");
  await using server = await TestServer.start({
    containers: {
      changes: async () => null,
      export: async () => Readable.from([Buffer.from("tar")]),
      commit,
    },
  });
  expect((await server.ask("GET", "/containers/c/changes")).text).toBe("null\n");
  expect((await server.ask("GET", "/containers/c/export")).text).toBe("tar");
  const made = await server.ask("POST", "/commit?container=c&repo=r&tag=t&pause=0&changes=A&changes=B&author=me", {
    Cmd: ["x"],
  });
  expect([made.status, made.json]).toEqual([201, { Id: "sha256:1" }]);
  const config = { Cmd: ["x"] };
  const options = { repo: "r", tag: "t", author: "me", config, pause: false, changes: ["A", "B"] };
  expect(commit).toHaveBeenCalledWith("c", options);
  expect((await server.ask("POST", "/commit?container=c")).status).toBe(201);
  expect(commit).toHaveBeenLastCalledWith("c", { pause: true, changes: [] });
});
