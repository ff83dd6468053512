import { type ChildProcess, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { readAll } from "../../lib/index.ts";
import { type Descriptor, digestOf, indexTypes, manifestTypes, mediaTypes, parseManifest } from "../../spec/index.ts";
import { createRegistryClient } from "./registry-client.ts";

const program = process.env.BERTH_TEST_REGISTRY ?? "/usr/bin/docker-registry";
const secret = { username: "me", password: "secret" };
// "me:secret", bcrypt: the only kind that the registry takes.
const htpasswd = "me:$2b$04$cFzC6NgzUqNXcuhQ.D9CO.eKzLTGIohZBt72dZfd62CX6TY.kXrpC\n";
const basic = { authorization: `Basic ${Buffer.from("me:secret").toString("base64")}` };
const accept = [...manifestTypes, ...indexTypes];

/** Debian's docker-registry (distribution 2.8): what the fake registry is measured by. */
describe.skipIf(!existsSync(program))("against docker-registry", () => {
  let folder: string;
  let server: ChildProcess;
  let domain: string;

  beforeAll(async () => {
    folder = await mkdtemp("/var/tmp/berth-registry-");
    domain = `127.0.0.1:${await freePort()}`;
    const config = [
      "version: 0.1",
      `storage: {filesystem: {rootdirectory: ${folder}/data}}`,
      `http: {addr: "${domain}"}`,
      `auth: {htpasswd: {realm: test, path: ${folder}/htpasswd}}`,
    ];
    await writeFile(join(folder, "config.yml"), config.join("\n"));
    await writeFile(join(folder, "htpasswd"), htpasswd);
    server = spawn(program, ["serve", join(folder, "config.yml")], { stdio: "ignore" });
    await vi.waitFor(async () => expect((await fetch(`http://${domain}/v2/`)).status).toBe(401), { timeout: 10_000 });
  });
  afterAll(async () => {
    server.kill("SIGKILL");
    await rm(folder, { recursive: true, force: true });
  });

  const upload = async (path: string, bytes: Buffer, mediaType: string): Promise<Descriptor> => {
    const begun = await fetch(`http://${domain}/v2/${path}/blobs/uploads/`, { method: "POST", headers: basic });
    const place = new URL(begun.headers.get("location") ?? "");
    place.searchParams.set("digest", digestOf(bytes));
    const headers = { ...basic, "content-type": "application/octet-stream" };
    expect((await fetch(place, { method: "PUT", headers, body: bytes })).status).toBe(201);
    return { mediaType, digest: digestOf(bytes), size: bytes.length };
  };

  test("pulls what was pushed, by range too, and reads its refusals", async () => {
    const layer = Buffer.alloc(300_000, "a layer");
    const manifest = {
      schemaVersion: 2,
      mediaType: mediaTypes.ociManifest,
      config: await upload("team/app", Buffer.from("{}"), mediaTypes.ociConfig),
      layers: [await upload("team/app", layer, mediaTypes.ociLayer)],
    };
    const headers = { ...basic, "content-type": mediaTypes.ociManifest };
    const body = JSON.stringify(manifest);
    expect((await fetch(`http://${domain}/v2/team/app/manifests/1`, { method: "PUT", headers, body })).status).toBe(
      201,
    );

    const client = createRegistryClient({ domain, auth: secret, userAgent: "berth-test" });
    const { bytes, mediaType, digest } = await client.resolve({ path: "team/app", tag: "1" }, { accept });
    expect(digest).toBe(digestOf(body));
    const [blob] = parseManifest(bytes, mediaType).layers;
    const { stream, offset, size } = await client.fetchBlob("team/app", blob?.digest ?? "", { offset: 123_456 });
    expect({ offset, size }).toEqual({ offset: 123_456, size: layer.length });
    expect((await readAll(stream, layer.length)).equals(layer.subarray(123_456))).toBe(true);
    expect(await client.listTags("team/app")).toEqual(["1"]);
    await expect(client.resolve({ path: "team/app", tag: "2" }, { accept })).rejects.toMatchObject({
      kind: "not-found",
      message: `manifest for ${domain}/team/app:2 not found: manifest unknown: manifest unknown`,
    });
    await expect(client.fetchBlob("team/app", digestOf("none"))).rejects.toMatchObject({ kind: "not-found" });
    await expect(client.listTags("none")).rejects.toMatchObject({
      message: `repository ${domain}/none not found: name unknown: repository name not known to registry`,
    });
    client.close();
  });

  test("tells right credentials from wrong and from none", async () => {
    const login = async (auth?: { username: string; password: string }) => {
      const client = createRegistryClient({ domain, auth, userAgent: "berth-test" });
      return client.checkAuth().finally(() => client.close());
    };
    expect(await login(secret)).toEqual({ identityToken: "" });
    const refused = `login attempt to http://${domain}/v2/ failed with status: 401 Unauthorized`;
    await expect(login({ ...secret, password: "no" })).rejects.toMatchObject({
      kind: "unauthorized",
      message: refused,
    });
    await expect(login()).rejects.toMatchObject({ kind: "unauthorized", message: `Get "http://${domain}/v2/": no basic auth credentials` }); // biome-ignore format: one line
  });
});

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === "object" && address !== null ? address.port : 0;
}
