import { type ChildProcess, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { createServer as createSocket } from "node:net";
import { join } from "node:path";
import { Readable } from "node:stream";
import { afterEach, expect, test, vi } from "vitest";
import { readAll } from "../../lib/index.ts";
import { digestOf, manifestTypes, mediaTypes } from "../../spec/index.ts";
import { createRegistryClient } from "./registry-client.ts";

const program = process.env.BERTH_TEST_REGISTRY ?? "/usr/bin/docker-registry";
const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function startRegistry(): Promise<string> {
  const folder = await mkdtemp("/var/tmp/berth-push-");
  closing.push(() => rm(folder, { recursive: true, force: true }));
  const domain = `127.0.0.1:${await freePort()}`;
  const config = [
    "version: 0.1",
    `storage: {filesystem: {rootdirectory: ${folder}/data}}`,
    `http: {addr: "${domain}"}`,
  ];
  await writeFile(join(folder, "config.yml"), config.join("\n"));
  const server: ChildProcess = spawn(program, ["serve", join(folder, "config.yml")], { stdio: "ignore" });
  closing.push(() => server.kill("SIGKILL"));
  await vi.waitFor(async () => expect((await fetch(`http://${domain}/v2/`)).status).toBe(200), { timeout: 10_000 });
  return domain;
}

async function freePort(): Promise<number> {
  const server = createSocket();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

function clientOf(domain: string) {
  const client = createRegistryClient({ domain, userAgent: "berth-test" });
  closing.push(() => client.close());
  return client;
}

const blobOf = (bytes: Buffer) => ({ digest: digestOf(bytes), size: bytes.length, open: () => Readable.from([bytes]) });

test.skipIf(!existsSync(program))("what is pushed is there, and is not sent twice", async () => {
  const client = clientOf(await startRegistry());
  const layer = Buffer.alloc(3_000_000, "layer");
  const config = Buffer.from("{}");
  expect(await client.pushBlob("team/app", blobOf(layer))).toBe(true);
  expect(await client.pushBlob("team/app", { ...blobOf(layer), open: () => expect.fail("sent twice") })).toBe(false);
  await client.pushBlob("team/app", blobOf(config));
  const bytes = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: mediaTypes.ociManifest,
      config: { mediaType: mediaTypes.ociConfig, digest: digestOf(config), size: config.length },
      layers: [{ mediaType: mediaTypes.ociLayer, digest: digestOf(layer), size: layer.length }],
    }),
  );
  const manifest = { mediaType: mediaTypes.ociManifest, bytes };
  expect(await client.pushManifest({ path: "team/app", tag: "1" }, manifest)).toBe(digestOf(bytes));
  const found = await client.resolve({ path: "team/app", tag: "1" }, { accept: manifestTypes });
  expect(found.bytes).toEqual(bytes);
  const { stream } = await client.fetchBlob("team/app", digestOf(layer));
  expect((await readAll(stream, 4_000_000)).equals(layer)).toBe(true);
  // The registry looks at what it was sent.
  const wrong = { ...blobOf(Buffer.from("other")), digest: digestOf("promised") };
  await expect(client.pushBlob("team/app", wrong)).rejects.toMatchObject({ message: /digest/ });
  const dangling = Buffer.from(bytes.toString().replaceAll(digestOf(layer), digestOf("nothing")));
  await expect(
    client.pushManifest({ path: "team/app", tag: "2" }, { ...manifest, bytes: dangling }),
  ).rejects.toMatchObject({ message: /blob unknown|manifest/ });
});

async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  closing.push(() => server.close());
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

test("an upload goes nowhere else than to the registry, by its answer or by a redirect", async () => {
  const taken: string[] = [];
  const elsewhere = await serve((request, response) => {
    taken.push(request.url ?? "");
    response.writeHead(201).end();
  });
  const answers: Record<string, string> = { location: `http://${elsewhere}/steal` };
  const domain = await serve((request, response) => {
    if (request.method === "HEAD") response.writeHead(404).end();
    else if (request.method === "POST") response.writeHead(202, answers).end();
    else response.writeHead(307, { location: `http://${elsewhere}/steal` }).end();
  });
  const blob = blobOf(Buffer.from("mine"));
  await expect(clientOf(domain).pushBlob("a", blob)).rejects.toThrow(/refused an address elsewhere/);
  answers.location = "/v2/a/blobs/uploads/1";
  await expect(clientOf(domain).pushBlob("a", blob)).rejects.toThrow(/refused a redirect of what is sent/);
  delete answers.location;
  await expect(clientOf(domain).pushBlob("a", blob)).rejects.toThrow(/names no place/);
  expect(taken).toEqual([]);
});

test("a refusal and a source that fails are told", async () => {
  let body = "";
  const domain = await serve((request, response) => {
    if (request.method === "HEAD") response.writeHead(404).end();
    else if (request.method === "POST") response.writeHead(202, { location: "/v2/a/blobs/uploads/1" }).end();
    else {
      request.on("data", (chunk) => (body += String(chunk)));
      request.on("error", () => {});
      request.on("end", () => response.writeHead(403).end('{"errors":[{"code":"DENIED","message":"not you"}]}'));
    }
  });
  const client = clientOf(domain);
  await expect(client.pushBlob("a", blobOf(Buffer.from("mine")))).rejects.toThrow(/not you|denied/);
  expect(body).toBe("mine");
  const broken = () =>
    Readable.from(
      (async function* () {
        yield Buffer.from("m");
        throw new Error("the disk is gone");
      })(),
    );
  await expect(client.pushBlob("a", { ...blobOf(Buffer.from("mine")), open: broken })).rejects.toThrow(
    /the disk is gone/,
  );
});
