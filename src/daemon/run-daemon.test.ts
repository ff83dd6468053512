import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Engine } from "../engine/index.ts";
import type { ReloadableConfig } from "./config.ts";
import { loadConfig, readCommandLine } from "./load-config.ts";
import { createLogger } from "./logger.ts";
import { type Daemon, startDaemon } from "./run-daemon.ts";

let dir: string;
let lines: string[];
let events: string[];
const running: Daemon[] = [];
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "berth-daemon-"));
  lines = [];
  events = [];
});
afterEach(async () => {
  for (const daemon of running.splice(0)) await daemon.stop();
  rmSync(dir, { recursive: true, force: true });
});

const engine = { system: { info: async () => ({ Name: "x" }) } } as unknown as Engine;

async function start(name: string, flags: string[] = []): Promise<Daemon> {
  const own = [
    "--data-root",
    join(dir, name),
    "--exec-root",
    join(dir, `${name}-run`),
    "-H",
    `unix://${dir}/${name}.sock`,
  ];
  const line = readCommandLine([...own, ...flags]);
  const log = createLogger({ level: "debug", format: "text", write: (text) => lines.push(text) });
  const makeEngine = async () => ({
    engine,
    reload: (config: ReloadableConfig, attributes: Record<string, string>) =>
      void events.push(`reload ${config.labels.join()} ${attributes["max-concurrent-downloads"]}`),
    close: async () => void events.push("closed"),
  });
  const daemon = await startDaemon(loadConfig(line), line, makeEngine, log);
  running.push(daemon);
  return daemon;
}

function ping(options: { socketPath: string } | { port: number }): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const call = request({ ...options, path: "/_ping", agent: false }, (answer) => {
      answer.resume();
      resolve(answer.statusCode);
    });
    call.on("error", reject).end();
  });
}

describe("a daemon", () => {
  it("serves on a socket for owner and group, in folders for nobody else", async () => {
    const daemon = await start("a");
    expect(await ping({ socketPath: join(dir, "a.sock") })).toBe(200);
    expect(statSync(join(dir, "a.sock")).mode & 0o7777).toBe(0o660);
    expect(statSync(join(dir, "a")).mode & 0o7777).toBe(0o700);
    expect(statSync(join(dir, "a-run")).mode & 0o7777).toBe(0o711);
    expect(readFileSync(join(dir, "a-run/berth.pid"), "utf8")).toBe(`${process.pid}\n`);
    await daemon.stop();
    expect(events).toEqual(["closed"]);
    expect(existsSync(join(dir, "a-run/berth.pid"))).toBe(false);
    expect(existsSync(join(dir, "a.sock"))).toBe(false);
    await expect(ping({ socketPath: join(dir, "a.sock") })).rejects.toThrow();
  });

  it("runs beside another with folders of its own, and never shares them", async () => {
    await start("a");
    await start("b");
    await expect(start("c", ["--data-root", join(dir, "a")])).rejects.toThrow(
      /another daemon uses these folders.*is locked by process/,
    );
    await expect(start("c", ["--exec-root", join(dir, "b-run")])).rejects.toThrow(/is locked by process/);
    await expect(start("c", ["--exec-root", join(dir, "c")])).rejects.toThrow();
    expect(existsSync(join(dir, "c.sock"))).toBe(false);
  });

  it("starts again where it was killed: stale sockets and pid files are replaced, served ones are not", async () => {
    const path = join(dir, "a.sock");
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(path, resolve));
    await expect(start("a")).rejects.toThrow(`failed to listen on unix://${path}: another process serves ${path}`);
    expect(events).toEqual(["closed"]);
    await new Promise((resolve) => other.close(resolve));
    writeFileSync(path, "");
    await expect(start("a")).rejects.toThrow("exists and is not a socket");
    rmSync(path);
    writeFileSync(join(dir, "a-run/berth.pid"), "999999999\n");
    await start("a");
    expect(await ping({ socketPath: path })).toBe(200);
  });

  it("listens on several addresses and says so", async () => {
    await start("a", ["-H", "tcp://127.0.0.1:0", "-H", `unix://${dir}/second.sock`]);
    const port = Number(/API listen on tcp:\/\/127.0.0.1:(\d+)/.exec(lines.join(""))?.[1]);
    expect(await ping({ port })).toBe(200);
    expect(await ping({ socketPath: join(dir, "second.sock") })).toBe(200);
    expect(lines.join("")).toContain("every user of this machine has root through tcp://127.0.0.1");
  });

  it("applies a new configuration file at SIGHUP, and keeps the old one where the new one is bad", async () => {
    const file = join(dir, "daemon.json");
    writeFileSync(file, "{}");
    const daemon = await start("a", ["--config-file", file]);
    writeFileSync(file, JSON.stringify({ labels: ["a=b"], "max-concurrent-downloads": 7 }));
    daemon.reload();
    expect(events).toEqual(["reload a=b 7"]);
    writeFileSync(file, '{"labels": 3}');
    daemon.reload();
    writeFileSync(file, '{"nope": 3}');
    daemon.reload();
    expect(events).toEqual(["reload a=b 7"]);
    expect(lines.join("")).toContain("don't match any configuration option: nope");
  });

  it("logs failures of the engine, and no query", async () => {
    await start("a");
    await new Promise((resolve) => {
      request({ socketPath: join(dir, "a.sock"), path: "/version?secret=x", agent: false }, resolve).end();
    });
    const line = lines.find((each) => each.includes("/version"));
    expect(line).toContain("level=error");
    expect(lines.join("")).not.toContain("secret");
  });
});
