import { createHash } from "node:crypto";
import { chmodSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createTar, encodeHeader, endOfArchive, type TarMember } from "../src/lib/tar/index.ts";
import { importBusybox } from "./harness/busybox.ts";
import { type Daemon, startDaemon } from "./harness/daemon.ts";
import { factsOf } from "./harness/facts.ts";
import { imageArchive, loadImage } from "./harness/image-archive.ts";
import { capture, has, isRoot, type Machine, makeMachine } from "./harness/machine.ts";
import { startRegistry } from "./harness/registry.ts";

const ociManifest = "application/vnd.oci.image.manifest.v1+json";
const ociIndex = "application/vnd.oci.image.index.v1+json";
const digestOf = (bytes: Buffer | string) => `sha256:${createHash("sha256").update(bytes).digest("hex")}`;

// The numbers are the rows of the table in docs/security.md.
describe.skipIf(!isRoot)("what must hold of images and registries", () => {
  let machine: Machine;
  let daemon: Daemon;
  beforeAll(async () => {
    machine = await makeMachine();
    daemon = await startDaemon(machine);
    await importBusybox(daemon);
  });
  afterAll(async () => {
    try {
      expect(daemon.log).not.toMatch(/uncaught exception|unhandled rejection/);
    } finally {
      await machine?.[Symbol.asyncDispose]();
    }
  });

  /** Every file of the store but its records: what a refused image must not have left. */
  const stored = async () => {
    const places = ["layers", "blobs", "images"].map((name) => join(daemon.dataRoot, name));
    const found = await machine.exec("find", [...places, "-not", "-name", "layer.json", "-type", "f"]);
    return found.stdout.trim().split("\n").sort();
  };
  const images = async () => (await daemon.berth(["images", "-q", "--no-trunc"])).stdout;
  const file = (name: string, bytes: Buffer) => {
    const path = join(machine.dir, name);
    writeFileSync(path, bytes);
    return path;
  };
  /** Something that must be refused with a clear message, and leave everything as it was. */
  const refuses = async (what: string, work: () => Promise<{ code: number; stderr: string }>, message: RegExp) => {
    const before = [await stored(), await images()];
    const { code, stderr } = await work();
    expect([what, code]).toEqual([what, 1]);
    expect(stderr, what).toMatch(message);
    expect(stderr.trim().split("\n").length, what).toBe(1);
    expect([await stored(), await images()], what).toEqual(before);
  };

  it("13: no entry of an archive makes, changes or owns anything outside", async () => {
    const out = join(machine.dir, "thirteen");
    mkdirSync(out, { mode: 0o700 });
    writeFileSync(join(out, "secret"), "of the host");
    chmodSync(join(out, "secret"), 0o600);
    const up = `${"../".repeat(12)}${out.slice(1)}`;
    const symlink = (name: string, linkName: string): TarMember => ({ type: "symlink", name, linkName });
    const hostile: [string, TarMember[]][] = [
      ["absolute", [{ name: `${out}/made`, content: "x" }]],
      ["through a link", [symlink("l", out), { name: "l/made", content: "x" }]],
      ["over a link", [symlink("l", `${out}/secret`), { name: "l", content: "x", mode: 0o777, uid: 7 }]],
      ["folder over a link", [symlink("l", out), { type: "directory", name: "l", mode: 0o777, uid: 7 }]],
      ["mode through a link", [symlink("l", out), { type: "directory", name: "l/.", mode: 0o777, uid: 7 }]],
      ["device through a link", [symlink("l", out), { type: "character", name: "l/null", major: 1, minor: 3 }]],
      ["whiteout through a link", [symlink("l", out), { name: "l/.wh.secret" }, { name: "l/.wh..wh..opq" }]],
      ["link chain", [symlink("a", "/"), symlink("b", "a/.."), { name: `b${out}/made`, content: "x" }]],
      [
        "attribute",
        [{ type: "directory", name: "d", xattrs: new Map([["trusted.overlay.redirect", Buffer.from(out)]]) }],
      ],
    ];
    const refused: [string, TarMember[]][] = [
      ["parent", [{ name: up.replace(/^/, "x/../../"), content: "x" }]],
      ["hard link out", [{ type: "hardlink", name: "h", linkName: `${out}/secret` }]],
      ["hard link up", [{ type: "hardlink", name: "h", linkName: `${up}/secret` }]],
      ["hard link through a link", [symlink("l", out), { type: "hardlink", name: "h", linkName: "l/secret" }]],
      ["whiteout of the parent", [{ name: ".wh..." }]],
    ];
    for (const [what, members] of [...hostile, ...refused]) {
      const path = file("hostile.tar", createTar(members));
      const imported = await daemon.berth(["import", path, "hostile"]);
      if (refused.some(([name]) => name === what)) expect([what, imported.code]).toEqual([what, 1]);
      expect(readdirSync(out), what).toEqual(["secret"]);
      const { mode, uid } = statSync(out);
      const inner = statSync(join(out, "secret"));
      const facts = [
        mode & 0o777,
        uid,
        inner.mode & 0o777,
        inner.uid,
        inner.nlink,
        readFileSync(join(out, "secret"), "utf8"),
      ];
      expect(facts, what).toEqual([0o700, 0, 0o600, 0, 1, "of the host"]);
      await daemon.berth(["rmi", "-f", "hostile"]);
    }
    // pax records that contradict the header are the archive's word, inside all the same
    const pax = Buffer.concat([
      paxHeader({ path: `${up}/made`, size: "1" }),
      encodeHeader({ name: "harmless", size: 1 }),
    ]);
    const archive = Buffer.concat([pax, Buffer.alloc(512, "x"), endOfArchive()]);
    await refuses("pax path", () => daemon.berth(["import", file("pax.tar", archive), "pax"]), /outside of the layer/);
    expect(readdirSync(out)).toEqual(["secret"]);
  });

  it("14: bombs stop at a limit and leave nothing", async () => {
    const huge = { name: "huge", size: 2 ** 52, sparse: [] };
    const sparse = Buffer.concat([encodeHeader(huge), endOfArchive()]);
    const metadata = Buffer.concat([paxHeader({ comment: "x".repeat(3 * 1024 * 1024) }), createTar([{ name: "a" }])]);
    const attribute = createTar([{ name: "a", xattrs: new Map([["user.x", Buffer.alloc(200_000)]]) }]);
    const deep = createTar([{ name: `${"d/".repeat(2100)}f`, content: "x" }]);
    const cases: [string, Buffer, RegExp][] = [
      ["sparse", sparse, /over its limit|too large/],
      ["pax", metadata, /over its limit/],
      ["attribute", attribute, /too long|no space|range|E2BIG|ENOSPC/i],
      ["depth", deep, /over its limit|too long/],
      [
        "cut",
        gzipSync(createTar([{ name: "f", content: "x".repeat(100_000) }])).subarray(0, 150),
        /unexpected end|gzip/,
      ],
    ];
    for (const [what, bytes, message] of cases)
      await refuses(what, () => daemon.berth(["import", file(`${what}.tar`, bytes), what]), message);
    for (const [what, bytes] of cases)
      await refuses(what, () => daemon.berth(["load", "-i", file(`${what}.tar`, bytes)]), /./);
  });

  it("22: a manifest is what its media type says; load and import set the names they were asked for", async () => {
    const layers = [file("small.tar", createTar([{ name: "file", content: "x" }]))];
    const descriptor = (mediaType: string) => ({ mediaType, digest: digestOf("x"), size: 1 });
    const config = "application/vnd.oci.image.config.v1+json";
    const documents: [string, string, object][] = [
      ["both", ociManifest, { config: descriptor(config), layers: [], manifests: [] }],
      ["index-as-manifest", ociManifest, { mediaType: ociIndex, manifests: [] }],
      ["manifest-as-index", ociIndex, { mediaType: ociManifest, config: descriptor(config), layers: [] }],
      ["silent-index", ociIndex, { config: descriptor(config), layers: [], manifests: [] }],
      [
        "docker-silent",
        "application/vnd.docker.distribution.manifest.v2+json",
        { config: descriptor(config), layers: [] },
      ],
      ["text", "text/html", { config: descriptor(config), layers: [] }],
      [
        "schema1",
        "application/vnd.docker.distribution.manifest.v1+prettyjws",
        { schemaVersion: 1, name: "x", tag: "y" },
      ],
      ["artifact", ociManifest, { config: descriptor("application/vnd.cncf.helm.config.v1+json"), layers: [] }],
    ];
    const faults = documents.map(([name, type, document]) => ({
      on: `/v2/${name}/manifests/`,
      do: "answer" as const,
      status: 200,
      headers: { "content-type": type },
      body: JSON.stringify({ schemaVersion: 2, ...document }),
    }));
    const registry = await startRegistry(machine, { images: [{ path: "fine", tag: "1", layers }], faults });
    for (const [name] of documents)
      await refuses(
        name,
        () => daemon.berth(["pull", `${registry.domain}/${name}:1`]),
        /media type|not supported|says that it is/,
      );

    const named = imageArchive("asked:1", {
      document: { "io.containerd.image.name": "smuggled:1" },
      config: { Labels: { "org.opencontainers.image.ref.name": "smuggled:2" }, Image: "smuggled:3" },
    });
    expect((await daemon.berth(["load", "-i", file("named.tar", named)])).stdout).toBe("Loaded image: asked:1\n");
    // an archive of images is just files to import
    expect((await daemon.berth(["import", file("named.tar", named), "imported:1"])).code).toBe(0);
    const names = (await daemon.berth(["images", "--format", "{{.Repository}}:{{.Tag}}"])).stdout.trim().split("\n");
    expect(names.sort()).toEqual(["asked:1", "busybox:latest", "imported:1"]);
    for (const tag of [`busybox@${digestOf("x")}`, "UPPER:1", "a:b:c", "../up:1", "-flag:1"])
      await refuses(tag, () => daemon.berth(["load", "-i", file("tag.tar", imageArchive(tag, {}))]), /invalid/);
    await daemon.berth(["rmi", "-f", "asked:1", "imported:1"]);
  });

  it("23: a digest is parsed before it becomes a path, and what does not have it does not count", async () => {
    const evil = [
      "sha256:../../../etc/passwd",
      `sha256:${"g".repeat(64)}`,
      "sha256:",
      "../x:aa",
      `sha512:${"a".repeat(64)}`,
    ];
    const bad = [...evil, `SHA256:${"a".repeat(64)}`, `sha256:${"a".repeat(63)}/`, `sha256:${"a".repeat(64)}\u0000`];
    const layer = createTar([{ name: "file", content: "x" }]);
    const body = (digest: string) =>
      JSON.stringify({
        schemaVersion: 2,
        mediaType: ociManifest,
        config: { mediaType: "application/vnd.oci.image.config.v1+json", digest, size: 10 },
        layers: [],
      });
    const faults = bad.map((digest, index) => ({
      on: `/v2/evil${index}/manifests/`,
      do: "answer" as const,
      status: 200,
      headers: { "content-type": ociManifest },
      body: body(digest),
    }));
    const lying = { on: "/v2/lying/manifests/", do: "answer" as const, status: 200, body: body(digestOf("x")) };
    const headers = { "content-type": ociManifest, "docker-content-digest": digestOf("something else") };
    const registry = await startRegistry(machine, {
      images: [{ path: "app", tag: "1", layers: [file("l.tar", layer)] }],
      faults: [...faults, { ...lying, headers }],
    });
    for (const [index, digest] of bad.entries())
      await refuses(digest, () => daemon.berth(["pull", `${registry.domain}/evil${index}:1`]), /not a digest/);
    await refuses("lying", () => daemon.berth(["pull", `${registry.domain}/lying:1`]), /verification failed/);
    await refuses(
      "other",
      () => daemon.berth(["pull", `${registry.domain}/lying@${digestOf("z")}`]),
      /verification failed/,
    );
    for (const ref of [
      "sha256:../../x",
      "busybox@sha256:zz",
      `x@sha256:${"a".repeat(63)}`,
      "..%2f..%2fetc",
      "a/../../b",
    ]) {
      const answer = await daemon.get(`/images/${encodeURIComponent(ref)}/json`);
      expect([ref, answer.status >= 400 && answer.status < 500]).toEqual([ref, true]);
    }
    // an archive whose blob is not what its name says
    const archive = createTar([
      { name: "oci-layout", content: '{"imageLayoutVersion":"1.0.0"}' },
      { name: `blobs/sha256/${digestOf("a").slice(7)}`, content: "b" },
      {
        name: "index.json",
        content: JSON.stringify({
          schemaVersion: 2,
          manifests: [{ mediaType: ociManifest, digest: digestOf("a"), size: 1 }],
        }),
      },
    ]);
    await refuses("layout", () => daemon.berth(["load", "-i", file("layout.tar", archive)]), /digest/);
  });

  it("24: credentials go to their registry alone, not across a redirect, not to a layer's foreign address", async () => {
    const layers = [file("secret-layer.tar", createTar([{ name: "file", content: "secret layer" }]))];
    const thief = await startRegistry(machine, { images: [{ path: "app", tag: "1", layers }] });
    const auth = { kind: "basic" as const, username: "me", password: "hunter2" };
    const faults = [{ on: "/blobs/", do: "redirect" as const, to: `http://${thief.domain}/v2/app/blobs/stolen` }];
    const registry = await startRegistry(machine, {
      images: [{ path: "app", tag: "1", layers }],
      options: { auth },
      faults,
    });
    const login = ["login", "-u", "me", "--password-stdin", registry.domain];
    expect((await daemon.berth(login, { input: "hunter2" })).code).toBe(0);
    expect((await daemon.berth(["pull", `${registry.domain}/app:1`])).code).toBe(1);
    expect((await daemon.berth(["pull", `${thief.domain}/app:1`])).code).toBe(0);
    const seen = await thief.requests();
    expect(seen.some(({ url }) => url.includes("stolen"))).toBe(true);
    expect(seen.map(({ authorization }) => authorization).filter(Boolean)).toEqual([]);
    expect((await registry.requests()).some(({ authorization }) => authorization !== undefined)).toBe(true);
    const everywhere = await machine.exec("grep", [
      "-rlE",
      `hunter2|${Buffer.from("me:hunter2").toString("base64")}`,
      daemon.dir,
      daemon.logFile,
    ]);
    expect(everywhere.stdout).toBe("");
    await daemon.berth(["rmi", "-f", `${thief.domain}/app:1`]);
  });

  it("25: what an image says of itself is data: no shell, no hook, no device, no terminal sequence", async () => {
    const mark = join(machine.dir, "executed");
    const shell = `$(touch ${mark})\`touch ${mark}\`;touch ${mark}|touch ${mark}\n`;
    const nasty = `\u001b]0;owned\u0007\u001b[2J\u009b31m\u202e${shell}`;
    const hooks = {
      "run.oci.hooks.stdout": `/bin/touch ${mark}`,
      "run.oci.handler": "krun",
      "io.kubernetes.cri-o.Devices": "/dev/mem",
      "org.systemd.property.DeviceAllow": "['/dev/mem rwm']",
      "run.oci.systemd.subgroup": "x",
    };
    await loadImage(daemon, "nasty", {
      config: { Labels: { ...hooks, nasty, [nasty]: "x" }, Env: [`A=${nasty}`], Cmd: ["echo", nasty] },
      document: { author: nasty, comment: nasty, history: [{ created_by: nasty, comment: nasty, author: nasty }] },
    });
    const flags = ["run", "--network", "none", "--name", "nasty", "nasty"];
    expect((await daemon.berth(flags)).stdout).toBe(`${Buffer.from(nasty).toString("latin1")}\n`);
    const bundle = await machine.exec("sh", ["-c", `grep -rl run.oci.hooks ${daemon.dir}/exec /run || true`]);
    expect(bundle.stdout).toBe("");
    expect((await daemon.berth(["run", "--rm", "--network", "none", "nasty", "ls", "/dev/mem"])).code).toBe(1);
    // on a terminal what came from the image shows itself, as text
    const commands = [
      ["history", "--no-trunc", "nasty"],
      ["ps", "-a", "--no-trunc"],
      ["ps", "-a", "--format", "{{.Labels}} {{.Command}}"],
      ["inspect", "nasty"],
      ["inspect", "-f", "{{.Config.Labels}} {{.Config.Env}}", "nasty"],
      ["image", "inspect", "-f", "{{.Author}} {{.Comment}}", "nasty"],
      // As with Docker, "0s" would be cut to the second that has begun.
      ["events", "--since", "10m", "--until", (Date.now() / 1000 + 0.5).toFixed(3)],
    ];
    for (const command of commands) {
      const [program, args, env] = daemon.clientCommand("berth", command);
      const quoted = [program, ...args].map((arg) => `'${arg.replaceAll("'", "'\\''")}'`).join(" ");
      const shown = await capture("script", ["-qec", quoted, "/dev/null"], { env });
      const text = Buffer.from(shown.stdout, "latin1").toString("utf8");
      expect(text.includes("owned"), command.join(" ")).toBe(true);
      expect(text, command.join(" ")).not.toMatch(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u202e]/);
    }
    expect(readdirSync(machine.dir)).not.toContain("executed");
    expect(daemon.log).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/);
    await daemon.berth(["rm", "-f", "nasty"]);
  });

  it("26: manifests, configs, layers, lists and bodies have limits", async () => {
    const large = (type: string) => ({
      do: "answer" as const,
      status: 200,
      headers: { "content-type": type },
      body: `{"schemaVersion":2,"pad":"${"x".repeat(5 * 1024 * 1024)}"}`,
    });
    const deep = { ...large(ociManifest), body: `${"[".repeat(1_000_000)}${"]".repeat(1_000_000)}` };
    const nested = {
      ...large(ociManifest),
      body: `{"schemaVersion":2,"config":${"[".repeat(500_000)}${"]".repeat(500_000)}}`,
    };
    const many = {
      ...large(ociManifest),
      body: JSON.stringify({
        schemaVersion: 2,
        config: { mediaType: "application/vnd.oci.image.config.v1+json", digest: digestOf("x"), size: 1 },
        layers: Array.from({ length: 1001 }, () => ({ mediaType: "x/y", digest: digestOf("x"), size: 1 })),
      }),
    };
    const tags = {
      ...large("application/json"),
      body: JSON.stringify({ name: "x", tags: Array.from({ length: 20_000 }, (_, i) => `t${i}`) }),
    };
    const registry = await startRegistry(machine, {
      images: [],
      faults: [
        { on: "/v2/large/manifests/", ...large(ociManifest) },
        { on: "/v2/deep/manifests/", ...deep },
        { on: "/v2/nested/manifests/", ...nested },
        { on: "/v2/many/manifests/", ...many },
        { on: "/v2/tags/tags/", ...tags },
      ],
    });
    const pull =
      (name: string, flags: string[] = []) =>
      () =>
        daemon.berth(["pull", ...flags, `${registry.domain}/${name}${flags.length > 0 ? "" : ":1"}`]);
    await refuses("large", pull("large"), /manifest is larger than 4194304 bytes/);
    await refuses("deep", pull("deep"), /manifest/);
    await refuses("nested", pull("nested"), /manifest/);
    await refuses("many", pull("many"), /more than 1000/);
    await refuses("tags", pull("tags", ["-a"]), /more than 10000 tags|larger than/);
    const config = { ...large(ociManifest) };
    await refuses(
      "config",
      () =>
        daemon.berth([
          "load",
          "-i",
          file("config.tar", imageArchive("c:1", { document: { pad: config.body.repeat(2) } })),
        ]),
      /larger than/,
    );
    const before = factsOf(daemon);
    const body = Buffer.alloc(64 * 1024 * 1024, "x");
    for (const path of ["/containers/create", "/volumes/create", "/containers/x/exec", "/auth"]) {
      const answer = await daemon.request("POST", path, body).catch((error: NodeJS.ErrnoException) => error.code);
      expect([path, typeof answer === "object" ? answer.status : answer]).toEqual([
        path,
        expect.toBeOneOf([413, "EPIPE", "ECONNRESET"]),
      ]);
    }
    expect((await daemon.get(`/containers/json?filters=${"x".repeat(2_000_000)}`)).status).toBe(431);
    const labels = Array.from({ length: 20_000 }, (_, i) => `"l${i}":true`).join(",");
    const filtered = await daemon.get(`/containers/json?filters=${encodeURIComponent(`{"label":{${labels}}}`)}`);
    expect([200, 400]).toContain(filtered.status);
    expect(factsOf(daemon).memory).toBeLessThan(before.memory + 80);
  });

  it.skipIf(!has("xz"))("14: a bomb in another compression stops as well", async () => {
    const made = await machine.exec("sh", ["-c", `head -c 300000000 /dev/zero | xz -0 > ${machine.dir}/zeros.xz`]);
    expect(made.code).toBe(0);
    await refuses("xz", () => daemon.berth(["load", "-i", join(machine.dir, "zeros.xz")]), /./);
  });
});

/** A pax header with these records, as it stands before a member. */
function paxHeader(records: Record<string, string>): Buffer {
  const body = Buffer.from(
    Object.entries(records)
      .map(([key, value]) => {
        const rest = ` ${key}=${value}\n`;
        let length = rest.length + 1;
        while (String(length).length + rest.length !== length) length++;
        return `${length}${rest}`;
      })
      .join(""),
  );
  const header = encodeHeader({ name: "pax", size: body.length });
  header.write("x", 156);
  header.fill(" ", 148, 156);
  let sum = 0;
  for (const byte of header.subarray(0, 512)) sum += byte;
  header.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
  return Buffer.concat([header, body, Buffer.alloc((512 - (body.length % 512)) % 512)]);
}
