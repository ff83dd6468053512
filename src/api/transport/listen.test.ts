import { createServer } from "node:net";
import { describe, expect, it } from "vitest";
import { inheritedFd, listen } from "./listen.ts";

describe("inheritedFd", () => {
  const env = { LISTEN_PID: String(process.pid), LISTEN_FDS: "3", LISTEN_FDNAMES: "api:web" };
  it.each([
    ["", 3],
    ["api", 3],
    ["web", 4],
    ["5", 5],
  ])("finds the socket '%s'", (name, fd) => {
    expect(inheritedFd(name, env)).toBe(fd);
  });

  it.each([
    ["6", env],
    ["2", env],
    ["nope", env],
    ["", {}],
    ["", { ...env, LISTEN_PID: "1" }],
    ["", { ...env, LISTEN_FDS: "x" }],
  ])("finds no socket '%s' in %j", (name, given) => {
    expect(() => inheritedFd(name, given)).toThrow(/socket/);
  });
});

describe("listen", () => {
  it("names the address that it could not have", async () => {
    const first = createServer();
    const host = { kind: "tcp", host: "127.0.0.1", port: 0, basePath: "" } as const;
    const got = await listen(first, host);
    expect(got).toMatchObject({ kind: "tcp", port: expect.any(Number) as number });
    const port = got.kind === "tcp" ? got.port : 0;
    await expect(listen(createServer(), { ...host, port })).rejects.toThrow(
      `failed to listen on tcp://127.0.0.1:${port}: listen EADDRINUSE`,
    );
    await new Promise((resolve) => first.close(resolve));
  });

  it("does not listen on ssh", async () => {
    await expect(listen(createServer(), { kind: "ssh", host: "x" })).rejects.toThrow("a daemon cannot listen on ssh");
  });
});
