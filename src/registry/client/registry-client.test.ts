import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { readAll } from "../../lib/index.ts";
import { digestOf, indexTypes, manifestTypes, mediaTypes } from "../../spec/index.ts";
import { type FakeRegistry, type FakeRegistryOptions, startFakeRegistry, testCertificate } from "../testing/index.ts";
import { createRegistryClient, type RegistryClient, type RegistryClientOptions } from "./registry-client.ts";

const accept = [...manifestTypes, ...indexTypes];
const secret = { username: "me", password: "secret" };
const layer = Buffer.alloc(200_000, "layer");
const open: { close(): unknown }[] = [];
let registry: FakeRegistry;
let client: RegistryClient;

async function started(options: FakeRegistryOptions = {}): Promise<FakeRegistry> {
  const fake = await startFakeRegistry(options);
  open.push(fake);
  return fake;
}

function clientOf(fake: { domain: string }, options: Partial<RegistryClientOptions> = {}): RegistryClient {
  const made = createRegistryClient({ domain: fake.domain, userAgent: "berth-test", ...options });
  open.push(made);
  return made;
}

beforeEach(async () => {
  registry = await started();
  client = clientOf(registry);
});
afterEach(async () => {
  for (const one of open.splice(0).reverse()) await one.close();
});

const failure = (kind: string, message: RegExp | string) =>
  expect.objectContaining({ kind, message: typeof message === "string" ? message : expect.stringMatching(message) });

describe("manifests", () => {
  test("are found by tag and by digest, with the digest of their bytes", async () => {
    const { manifest } = registry.putImage("app", "1", { layers: [layer] });
    const byTag = await client.resolve({ path: "app", tag: "1" }, { accept });
    expect(byTag).toMatchObject({ digest: manifest.digest, mediaType: mediaTypes.ociManifest });
    expect(digestOf(byTag.bytes)).toBe(manifest.digest);
    expect(await client.resolve({ path: "app", digest: manifest.digest, tag: "x" }, { accept })).toEqual(byTag);
    expect(registry.requests.at(-1)?.accept).toBe(accept.join(", "));
  });

  test("a type that the header does not say is the document's", async () => {
    registry.putManifest("app", { mediaType: mediaTypes.ociIndex }, "application/json", "latest");
    expect((await client.resolve({ path: "app" }, { accept })).mediaType).toBe(mediaTypes.ociIndex);
  });

  test.each([
    ["manifest unknown", { path: "nope", tag: "1" }, /^manifest for 127\.0\.0\.1:\d+\/nope:1 not found: manifest unknown: manifest unknown$/], // biome-ignore format: one line
    ["digest unknown", { path: "nope", digest: digestOf("x") }, /^manifest for .*\/nope@sha256:2d7\w+ not found: manifest unknown/], // biome-ignore format: one line
  ])("that do not exist: %s", async (_, target, message) => {
    await expect(client.resolve(target, { accept })).rejects.toEqual(failure("not-found", message));
  });

  test("denied access reads as Docker has it", async () => {
    const body = JSON.stringify({
      errors: [{ code: "DENIED", message: "requested access to the resource is denied" }],
    });
    registry.faults.push({ do: "answer", on: "/manifests/", status: 403, body });
    await expect(client.resolve({ path: "app" }, { accept })).rejects.toEqual(
      failure("not-found", /^pull access denied for 127.0.0.1:\d+\/app, repository does not exist or may require 'docker login': denied: requested access to the resource is denied$/), // biome-ignore format: one line
    );
  });

  test("a registry that gives other bytes than the digest is found out", async () => {
    const { manifest } = registry.putImage("app", "1");
    registry.faults.push({ do: "lie", on: "/manifests/", bytes: Buffer.from('{"schemaVersion":3,') });
    for (const target of [
      { path: "app", tag: "1" },
      { path: "app", digest: manifest.digest },
    ])
      await expect(client.resolve(target, { accept })).rejects.toEqual(failure("corrupt", /verification failed/));
  });

  test("a manifest has at most 4 MiB, announced or not", async () => {
    const large = Buffer.alloc(4 * 1024 * 1024 + 1, " ");
    registry.putManifest("app", large, mediaTypes.ociManifest, "announced");
    await expect(client.resolve({ path: "app", tag: "announced" }, { accept })).rejects.toEqual(
      failure("exhausted", /larger/),
    );
    registry.faults.push({
      do: "answer",
      on: "/manifests/",
      status: 200,
      body: large,
      headers: { "transfer-encoding": "chunked" },
    });
    await expect(client.resolve({ path: "app", tag: "chunked" }, { accept })).rejects.toEqual(
      failure("exhausted", /larger/),
    );
  });

  test("error texts are bounded and cannot move the cursor", async () => {
    const message = `\u001b[2Jgone\u202e${"x".repeat(10_000)}`;
    const body = JSON.stringify({ errors: [{ code: "TOOMANYREQUESTS", message }] });
    registry.faults.push({ do: "answer", on: "/manifests/", status: 429, body });
    const error: Error = await client.resolve({ path: "app" }, { accept }).catch((thrown) => thrown);
    expect(error).toEqual(failure("unavailable", /^toomanyrequests: \\x1b\[2Jgone\\u202ex+$/));
    expect(error.message.length).toBeLessThan(1000);
  });

  test.each(["{", "null", '{"errors":null}', '{"errors":[{"code":5}]}', "<html>", ""])(
    "an error body %j is no matter",
    async (body) => {
      registry.faults.push({ do: "answer", on: "/manifests/", status: 500, body });
      await expect(client.resolve({ path: "app" }, { accept })).rejects.toEqual(
        failure("unavailable", /received unexpected HTTP status: 500 Internal Server Error$/),
      );
    },
  );

  test.each([
    { path: "../x" },
    { path: "a/../../b" },
    { path: "App" },
    { path: "a?b" },
    { path: "a#b" },
    { path: "a:b" },
    { path: "" },
    { path: "app", tag: "../../x" },
    { path: "app", tag: "a/b" },
    { path: "app", digest: "sha256:../../../etc" },
  ])("%j sends no request", async (target) => {
    await expect(client.resolve(target, { accept })).rejects.toEqual(failure("invalid", /./));
    await expect(client.fetchBlob(target.path, target.digest ?? "sha256:x")).rejects.toEqual(failure("invalid", /./));
    expect(registry.requests).toEqual([]);
  });
});

describe("blobs", () => {
  const fetched = async (digest: string, offset = 0) => {
    const blob = await client.fetchBlob("app", digest, { offset });
    return { ...blob, bytes: await readAll(blob.stream, 10_000_000) };
  };

  test("come whole, or from an offset on", async () => {
    const { digest } = registry.putBlob(layer);
    expect(await fetched(digest)).toMatchObject({ size: layer.length, offset: 0, bytes: layer });
    const rest = await fetched(digest, 150_000);
    expect(rest).toMatchObject({ size: layer.length, offset: 150_000 });
    expect(rest.bytes.equals(layer.subarray(150_000))).toBe(true);
    expect(registry.requests.at(-1)?.range).toBe("bytes=150000-");
  });

  test("a registry without ranges begins at 0 and says so", async () => {
    const { digest } = registry.putBlob(layer);
    registry.faults.push({ do: "ignore-range", on: "/blobs/" });
    expect(await fetched(digest, 100)).toMatchObject({ offset: 0, bytes: layer });
  });

  test.each(["bytes 500-999/1000", "bytes x", "bytes -1-2/3", ""])("a wrong range %j is refused", async (range) => {
    const headers: Record<string, string> = range === "" ? {} : { "content-range": range };
    registry.faults.push({ do: "answer", on: "/blobs/", status: 206, headers, body: "x" });
    await expect(client.fetchBlob("app", digestOf("x"), { offset: 100 })).rejects.toEqual(
      failure("invalid", /another range/),
    );
  });

  test("a range past the end and a blob that does not exist have kinds of their own", async () => {
    const { digest } = registry.putBlob(layer);
    await expect(client.fetchBlob("app", digest, { offset: layer.length })).rejects.toEqual(
      failure("invalid", /range invalid/),
    );
    await expect(client.fetchBlob("app", digestOf("none"))).rejects.toEqual(
      failure("not-found", "blob unknown: blob unknown to registry"),
    );
  });

  test("a connection that breaks is unavailable, after the bytes that came", async () => {
    const { digest } = registry.putBlob(layer);
    registry.faults.push({ do: "hang-up", on: "/blobs/", after: 70_000 });
    const { stream } = await client.fetchBlob("app", digest);
    let received = 0;
    const reading = (async () => {
      for await (const chunk of stream as AsyncIterable<Buffer>) received += chunk.length;
    })();
    await expect(reading).rejects.toEqual(failure("unavailable", "unexpected EOF"));
    expect(received).toBe(70_000);
  });

  test("a stall ends by timeout, in the headers and in the body", async () => {
    const { digest } = registry.putBlob(layer);
    const hasty = clientOf(registry, { timeouts: { headers: 100, stall: 100 } });
    registry.faults.push({ do: "stall", on: "/blobs/", after: 10, times: 1 }, { do: "stall", on: "/blobs/" });
    const { stream } = await hasty.fetchBlob("app", digest);
    await expect(readAll(stream, 1000)).rejects.toEqual(
      failure("timeout", "the registry sent nothing for 0.1 seconds"),
    );
    await expect(hasty.fetchBlob("app", digest)).rejects.toEqual(
      failure("timeout", /^Get "http:.*while awaiting headers/),
    );
  });

  test("a slow reader is no stall", async () => {
    const large = Buffer.alloc(8_000_000, 7);
    const { digest } = registry.putBlob(large);
    const hasty = clientOf(registry, { timeouts: { stall: 50 } });
    const { stream } = await hasty.fetchBlob("app", digest);
    let received = 0;
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      if (received === 0) await new Promise((resolve) => setTimeout(resolve, 150));
      received += chunk.length;
    }
    expect(received).toBe(large.length);
  });

  test("cancelling ends it, before and during the body", async () => {
    const { digest } = registry.putBlob(layer);
    registry.faults.push({ do: "stall", on: "/blobs/", after: 10, times: 1 }, { do: "stall", on: "/blobs/" });
    const during = new AbortController();
    const { stream } = await client.fetchBlob("app", digest, { signal: during.signal });
    during.abort();
    await expect(readAll(stream, 1000)).rejects.toEqual(failure("cancelled", "context canceled"));
    const before = new AbortController();
    const waiting = client.fetchBlob("app", digest, { signal: before.signal });
    before.abort();
    await expect(waiting).rejects.toEqual(failure("cancelled", "context canceled"));
  });

  test("a hundred broken downloads leave no connection behind", async () => {
    const { digest } = registry.putBlob(layer);
    registry.faults.push({ do: "hang-up", on: "/blobs/", after: 1000 });
    const sockets = () => process.getActiveResourcesInfo().filter((name) => name.startsWith("TCPSocket")).length;
    const before = sockets();
    for (let round = 0; round < 100; round++) {
      const blob = await client.fetchBlob("app", digest);
      await expect(readAll(blob.stream, 10_000_000)).rejects.toThrow("unexpected EOF");
    }
    await expect.poll(sockets).toBeLessThanOrEqual(before + 4);
  });
});

describe("redirects", () => {
  test("are followed, without credentials once the host is another", async () => {
    const store = await started();
    const guarded = await started({ auth: { kind: "basic", ...secret } });
    const { digest } = store.putBlob(layer);
    guarded.faults.push({ do: "redirect", on: "/blobs/", to: `${store.url}/v2/app/blobs/${digest}` });
    const { stream } = await clientOf(guarded, { auth: secret }).fetchBlob("app", digest, { offset: 5 });
    expect((await readAll(stream, 1_000_000)).length).toBe(layer.length - 5);
    expect(store.requests).toMatchObject([{ authorization: undefined, range: "bytes=5-" }]);
  });

  test("never come back to credentials, and a foreign 401 gets none (CVE-2020-15157)", async () => {
    const guarded = await started({ auth: { kind: "basic", ...secret } });
    const thief = await started({ auth: { kind: "token", ...secret } });
    guarded.putImage("app", "1");
    const evil = clientOf(guarded, { auth: secret });
    await evil.resolve({ path: "app", tag: "1" }, { accept });
    guarded.faults.push({ do: "redirect", on: "/blobs/", to: `${thief.url}/v2/app/blobs/x` });
    await expect(evil.fetchBlob("app", digestOf("x"))).rejects.toEqual(failure("unauthorized", /./));
    thief.faults.push({ do: "redirect", on: "/blobs/", to: `${guarded.url}/v2/app/manifests/1` });
    await expect(evil.fetchBlob("app", digestOf("x"))).rejects.toEqual(failure("unauthorized", /./));
    expect(thief.requests.length).toBe(2);
    expect(thief.requests.every(({ authorization }) => authorization === undefined)).toBe(true);
    expect(guarded.requests.at(-1)).toMatchObject({ url: "/v2/app/manifests/1", authorization: undefined });
  });

  test("carry a refresh token nowhere else, and stay where they are otherwise", async () => {
    const guarded = await started({ auth: { kind: "token", ...secret } });
    const thief = await started();
    guarded.putImage("app", "1");
    const auth = { identitytoken: "refresh" };
    guarded.faults.push({ do: "redirect", on: "POST /token", to: `${thief.url}/token`, times: 1 });
    await expect(clientOf(guarded, { auth }).resolve({ path: "app", tag: "1" }, { accept })).rejects.toEqual(
      failure("invalid", /refused a redirect of credentials elsewhere/),
    );
    expect(thief.requests).toEqual([]);
    guarded.faults.push({ do: "redirect", on: "POST /token", to: "/token?moved", times: 1 });
    await clientOf(guarded, { auth }).resolve({ path: "app", tag: "1" }, { accept });
  });

  test("without end, to nowhere, or out of HTTPS are refused", async () => {
    registry.faults.push({ do: "redirect", on: "/manifests/loop", to: "/v2/app/manifests/loop" });
    registry.faults.push({ do: "redirect", on: "/manifests/file", to: "file:///etc/passwd" });
    registry.faults.push({ do: "redirect", on: "/manifests/none", to: "http://" });
    await expect(client.resolve({ path: "app", tag: "loop" }, { accept })).rejects.toEqual(
      failure("unavailable", /stopped after 10 redirects/),
    );
    await expect(client.resolve({ path: "app", tag: "file" }, { accept })).rejects.toEqual(
      failure("invalid", /address that is none/),
    );
    await expect(client.resolve({ path: "app", tag: "none" }, { accept })).rejects.toEqual(
      failure("invalid", /address that is none/),
    );
  });
});

describe("authentication", () => {
  test("basic", async () => {
    const guarded = await started({ auth: { kind: "basic", ...secret } });
    guarded.putImage("app", "1");
    await clientOf(guarded, { auth: secret }).resolve({ path: "app", tag: "1" }, { accept });
    const encoded = { auth: Buffer.from("me:secret").toString("base64") };
    await clientOf(guarded, { auth: encoded }).resolve({ path: "app", tag: "1" }, { accept });
    await expect(clientOf(guarded).resolve({ path: "app", tag: "1" }, { accept })).rejects.toEqual(
      failure("unauthorized", `Get "${guarded.url}/v2/app/manifests/1": no basic auth credentials`),
    );
    await expect(
      clientOf(guarded, { auth: { ...secret, password: "no" } }).resolve({ path: "app" }, { accept }),
    ).rejects.toEqual(failure("unauthorized", "unauthorized: authentication required"));
  });

  test("a token for each repository, fetched once for parallel requests, for pulling only", async () => {
    const guarded = await started({ auth: { kind: "token", ...secret } });
    guarded.putImage("app", "1");
    const { digest } = guarded.putBlob(layer);
    const own = clientOf(guarded, { auth: secret });
    await own.resolve({ path: "app", tag: "1" }, { accept });
    const blobs = await Promise.all([1, 2, 3].map(() => own.fetchBlob("app", digest)));
    await Promise.all(blobs.map(({ stream }) => readAll(stream, 1_000_000)));
    const tokens = guarded.requests.filter(({ url }) => url.startsWith("/token"));
    expect(tokens.map(({ url }) => new URL(url, guarded.url).searchParams.getAll("scope"))).toEqual([
      ["repository:app:pull"],
    ]);
    expect(tokens[0]?.url).toContain("account=me");
    expect(guarded.requests.filter(({ url }) => url.includes("/blobs/")).every(({ authorization }) => authorization?.startsWith("Bearer "))).toBe(true); // biome-ignore format: one line
  });

  test("anonymous tokens, refused ones, and a registry's own access token", async () => {
    const hub = await started({ auth: { kind: "token", ...secret }, anonymous: true });
    hub.putImage("app", "1");
    await clientOf(hub).resolve({ path: "app", tag: "1" }, { accept });
    await clientOf(hub, { auth: { registrytoken: "fake-registry-token" } }).resolve(
      { path: "app", tag: "1" },
      { accept },
    );
    await clientOf(hub, { auth: { identitytoken: "kept" } }).resolve({ path: "app", tag: "1" }, { accept });
    await expect(
      clientOf(hub, { auth: { ...secret, password: "no" } }).resolve({ path: "app" }, { accept }),
    ).rejects.toEqual(failure("unauthorized", "unauthorized: incorrect username or password"));
    const closed = await started({ auth: { kind: "token", ...secret } });
    await expect(clientOf(closed).resolve({ path: "app" }, { accept })).rejects.toEqual(
      failure(
        "not-found",
        /^pull access denied for .*\/app, repository does not exist or may require 'docker login': denied: /,
      ),
    );
  });

  test("a token that has stopped working is replaced once, and no more", async () => {
    const guarded = await started({ auth: { kind: "token", ...secret } });
    guarded.putImage("app", "1");
    const own = clientOf(guarded, { auth: secret });
    await own.resolve({ path: "app", tag: "1" }, { accept });
    const headers = { "www-authenticate": `Bearer realm="${guarded.url}/token",service="fake"` };
    guarded.faults.push({ do: "answer", on: "/manifests/", status: 401, headers, times: 1 });
    await own.resolve({ path: "app", tag: "1" }, { accept });
    guarded.faults.push({ do: "answer", on: "/manifests/", status: 401, headers });
    const before = guarded.requests.length;
    await expect(own.resolve({ path: "app", tag: "1" }, { accept })).rejects.toEqual(failure("unauthorized", /./));
    expect(guarded.requests.length - before).toBe(3);
  });

  test.each(["", "not an address", "file:///etc/shadow", "javascript:x"])("a realm %j gets nothing", async (realm) => {
    const odd = await started({ auth: { kind: "token", ...secret }, realm });
    await expect(clientOf(odd, { auth: secret }).resolve({ path: "app" }, { accept })).rejects.toEqual(
      failure("invalid", /names no address that gives tokens/),
    );
  });

  test.each(["{}", "null", "[]", "{", '{"token":5}', '{"token":"a\\r\\nX: y"}', `"${"x".repeat(2_000_000)}"`])(
    "a token answer %.20s is an error",
    async (body) => {
      const odd = await started({ auth: { kind: "token", ...secret } });
      odd.faults.push({ do: "answer", on: "/token", status: 200, body });
      await expect(clientOf(odd).resolve({ path: "app" }, { accept })).rejects.toMatchObject({
        kind: expect.stringMatching(/^(invalid|exhausted)$/),
      });
    },
  );

  test("login tells right from wrong", async () => {
    const basic = await started({ auth: { kind: "basic", ...secret } });
    const token = await started({ auth: { kind: "token", ...secret } });
    expect(await clientOf(registry, { auth: secret }).checkAuth()).toEqual({ identityToken: "" });
    expect(await clientOf(basic, { auth: secret }).checkAuth()).toEqual({ identityToken: "" });
    expect(await clientOf(token, { auth: secret }).checkAuth()).toEqual({ identityToken: "refresh" });
    const wrong = { ...secret, password: "no" };
    await expect(clientOf(basic, { auth: wrong }).checkAuth()).rejects.toEqual(
      failure("unauthorized", `login attempt to ${basic.url}/v2/ failed with status: 401 Unauthorized`),
    );
    await expect(clientOf(token, { auth: wrong }).checkAuth()).rejects.toEqual(
      failure("unauthorized", `Get "${token.url}/v2/": unauthorized: incorrect username or password`),
    );
  });
});

describe("tags", () => {
  test("are listed over all pages", async () => {
    const paged = await started({ tagsPerPage: 2 });
    for (const tag of ["a", "b", "c", "d", "e"]) paged.putImage("app", tag);
    expect(await clientOf(paged).listTags("app")).toEqual(["a", "b", "c", "d", "e"]);
  });

  test("what is no tag is left out, and a link elsewhere or in a circle is not followed", async () => {
    const body = JSON.stringify({ tags: ["ok", "../x", 5, null, "-x"] });
    const listed = (link: string) =>
      registry.faults.push({ do: "answer", on: /tags/, status: 200, body, headers: { link }, times: 1 });
    for (const link of [
      '<http://169.254.169.254/>; rel="next"',
      '</v2/app/tags/list>; rel="next"',
      "</v2/_catalog>; rel=next",
    ]) {
      listed(link);
      expect(await client.listTags("app")).toEqual(["ok"]);
    }
  });

  test("of a repository that does not exist", async () => {
    await expect(client.listTags("nope")).rejects.toEqual(
      failure(
        "not-found",
        /^repository 127.0.0.1:\d+\/nope not found: name unknown: repository name not known to registry$/,
      ),
    );
  });
});

describe("connections", () => {
  test("nobody there reads as Docker has it", async () => {
    const gone = await started();
    await gone.close();
    await expect(clientOf(gone).resolve({ path: "app" }, { accept })).rejects.toEqual(
      failure("unavailable", `Get "${gone.url}/v2/": dial tcp ${gone.domain}: connect: connection refused`),
    );
    await expect(clientOf({ domain: "nothing.invalid" }).resolve({ path: "app" }, { accept })).rejects.toEqual(
      failure("unavailable", /^Get "https:\/\/nothing.invalid\/v2\/": dial tcp: lookup nothing.invalid: /),
    );
  });

  test("HTTPS comes first on loopback, its certificate unverified, HTTP after it", async () => {
    const secure = await started({ tls: testCertificate });
    secure.putImage("app", "1");
    expect((await clientOf(secure).resolve({ path: "app", tag: "1" }, { accept })).digest).toMatch(/^sha256:/);
    expect(secure.requests.length).toBeGreaterThan(0);
  });

  test("elsewhere a registry is verified, and plain HTTP is not tried", async () => {
    const secure = await started({ tls: testCertificate });
    secure.putImage("app", "1");
    const port = secure.domain.split(":")[1];
    // This name is no loopback address to the client, and resolves to one.
    const domain = `localhost.localdomain:${port}`;
    const verified = (options: Partial<RegistryClientOptions>) =>
      clientOf({ domain }, options).resolve({ path: "app", tag: "1" }, { accept });
    const error: Error = await verified({}).catch((thrown) => thrown);
    expect(error.message).toMatch(/x509|lookup/);
    expect(secure.requests).toEqual([]);
  });

  test("mirrors are asked first, without credentials, and the registry when they fail", async () => {
    const mirror = await started();
    const guarded = await started({ auth: { kind: "basic", ...secret } });
    const { manifest } = guarded.putImage("app", "1");
    const own = clientOf(guarded, { auth: secret, mirrors: [mirror.url] });
    expect((await own.resolve({ path: "app", tag: "1" }, { accept })).digest).toBe(manifest.digest);
    mirror.putImage("app", "1", { architecture: "arm64" });
    expect((await own.resolve({ path: "app", tag: "1" }, { accept })).digest).not.toBe(manifest.digest);
    expect(mirror.requests.every(({ authorization }) => authorization === undefined)).toBe(true);
    mirror.faults.push({ do: "hang-up", on: "/manifests/", after: 3 });
    expect((await own.resolve({ path: "app", tag: "1" }, { accept })).digest).toBe(manifest.digest);
  });
});
