import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { request } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { text } from "node:stream/consumers";
import { type ConnectionOptions, connect, type TLSSocket } from "node:tls";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { AttachSession, Engine } from "../engine/index.ts";
import { loadConfig, readCommandLine } from "./load-config.ts";
import { createLogger } from "./logger.ts";
import { type Daemon, startDaemon } from "./run-daemon.ts";

const hasOpenssl = spawnSync("openssl", ["version"]).status === 0;

describe.skipIf(!hasOpenssl)("a daemon with --tlsverify", () => {
  let dir: string;
  let port: number;
  let daemon: Daemon;
  let session: AttachSession & { input: PassThrough; output: PassThrough };

  beforeAll(async () => {
    dir = mkdtempSync(join(tmpdir(), "berth-tls-"));
    makeCertificates(dir);
    const own = ["--data-root", join(dir, "data"), "--exec-root", join(dir, "run"), "-H", "tcp://127.0.0.1:0"];
    const tls = [
      "--tlsverify",
      "--tlscacert",
      `${dir}/ca.pem`,
      "--tlscert",
      `${dir}/server.pem`,
      "--tlskey",
      `${dir}/server.key`,
    ];
    const line = readCommandLine([...own, ...tls]);
    const lines: string[] = [];
    const log = createLogger({ level: "info", format: "text", write: (each) => lines.push(each) });
    session = { tty: true, input: new PassThrough(), output: new PassThrough(), destroy: () => {} };
    const engine = { containers: { attach: async () => session } } as unknown as Engine;
    const makeEngine = async () => ({ engine, reload: () => {}, close: async () => {} });
    daemon = await startDaemon(loadConfig(line), line, makeEngine, log);
    port = Number(/API listen on tcp:\/\/127.0.0.1:(\d+)/.exec(lines.join(""))?.[1]);
  });
  afterAll(async () => {
    await daemon?.stop();
    rmSync(dir, { recursive: true, force: true });
  });

  const read = (name: string) => readFileSync(join(dir, name));
  const ours = () => ({
    ca: read("ca.pem"),
    cert: read("client.pem"),
    key: read("client.key"),
    port,
    host: "127.0.0.1",
  });

  function ping(options: object): Promise<number | undefined> {
    return new Promise((resolve, reject) => {
      const call = request(
        {
          path: "/_ping",
          agent: false,
          headers: { Host: "any.org" },
          checkServerIdentity: () => undefined,
          ...options,
        },
        (answer) => {
          answer.resume();
          resolve(answer.statusCode);
        },
      );
      call.on("error", reject).end();
    });
  }

  it("serves who shows a certificate of its CA, by whatever name, and nobody else", async () => {
    expect(await ping(ours())).toBe(200);
    const { cert: _, key: __, ...anonymous } = ours();
    await expect(ping(anonymous)).rejects.toThrow();
    await expect(ping({ ...ours(), cert: read("other.pem"), key: read("other.key") })).rejects.toThrow();
  });

  it("half-closes a hijacked connection as a unix socket does", async () => {
    const socket: TLSSocket = connect({ ...ours(), allowHalfOpen: true } as ConnectionOptions);
    socket.write(
      "POST /containers/c/attach?stream=1&stdin=1&stdout=1 HTTP/1.1\r\nHost: d\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n",
    );
    socket.end("typed");
    expect(await text(session.input)).toBe("typed");
    session.output.end("said after stdin ended");
    expect(await text(socket)).toMatch(/^HTTP\/1.1 101 UPGRADED\r\n[\s\S]*\r\n\r\nsaid after stdin ended$/);
  });

  it("stops at once though somebody has begun a handshake and does not go on", async () => {
    const { connect: connectPlain } = await import("node:net");
    const silent = connectPlain({ port, host: "127.0.0.1" });
    await new Promise<void>((resolve) => silent.once("connect", resolve));
    const over = new Promise((resolve) => silent.once("close", resolve));
    // one full exchange later the server has seen that connection, too
    expect(await ping(ours())).toBe(200);
    await daemon.stop();
    await over;
  });
});

/** A CA, a server and a client of it, and a client of nobody. */
function makeCertificates(dir: string): void {
  const openssl = (...args: string[]) => execFileSync("openssl", args, { cwd: dir, stdio: "pipe" });
  const newKey = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
  openssl("req", "-x509", ...newKey, "-keyout", "ca.key", "-out", "ca.pem", "-days", "2", "-subj", "/CN=test CA");
  openssl(
    "req",
    "-x509",
    ...newKey,
    "-keyout",
    "other.key",
    "-out",
    "other.pem",
    "-days",
    "2",
    "-subj",
    "/CN=stranger",
  );
  writeFileSync(join(dir, "san"), "subjectAltName=IP:127.0.0.1\n");
  for (const name of ["server", "client"]) {
    openssl("req", ...newKey, "-keyout", `${name}.key`, "-out", `${name}.csr`, "-subj", `/CN=${name}`);
    const signed = ["-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2", "-extfile", "san"];
    openssl("x509", "-req", "-in", `${name}.csr`, "-out", `${name}.pem`, ...signed);
  }
}
