import { randomBytes } from "node:crypto";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { kindOf } from "../../lib/index.ts";
import { createTar } from "../../lib/tar/index.ts";
import { digestOf, mediaTypes } from "../../spec/index.ts";
import { chainIdsOf } from "../../store/index.ts";
import { type FakeRegistry, fakeRegistry } from "./testing/fake-registry.ts";
import { messagesOf, type TestImages, testImages } from "./testing/test-images.ts";

const layer = (name: string, size = 100_000): Buffer => createTar([{ name, content: randomBytes(size) }]);
const signal = (): AbortSignal => new AbortController().signal;

async function withRegistry(run: (registry: FakeRegistry, t: TestImages) => Promise<void>): Promise<void> {
  const registry = fakeRegistry();
  await using t = await testImages({ registry: () => registry });
  await run(registry, t);
}

const pull = (t: TestImages, image: string, tag?: string, platform?: string) =>
  messagesOf((progress) =>
    t.images.pull(
      { image, ...(tag === undefined ? {} : { tag }), ...(platform === undefined ? {} : { platform }) },
      progress,
      signal(),
    ),
  );
const statuses = (messages: { id?: string; status?: string }[], id: string | undefined): string[] => [
  ...new Set(messages.filter((message) => message.id === id).map(({ status = "" }) => status)),
];
/** Layers and remains of layers; the store has one folder of its own there. */
const layersOnDisk = (t: TestImages): string[] =>
  readdirSync(join(t.root, "layers")).filter((name) => name !== ".empty");
const failure = (promise: Promise<unknown>): Promise<Error> =>
  promise.then(
    () => new Error("no error"),
    (error: Error) => error,
  );

test("a new image: Docker's messages, its names, its layers", async () => {
  await withRegistry(async (registry, t) => {
    const tars = ["a", "b", "c", "d", "e"].map((name) => layer(name));
    const image = registry.addImage("library/app", "v1", tars);
    const messages = await pull(t, "app:v1");
    expect(messages[0]).toEqual({ status: "Pulling from library/app", id: "v1" });
    expect(messages.slice(-2)).toEqual([
      { status: `Digest: ${image.manifest.digest}` },
      { status: "Status: Downloaded newer image for app:v1" },
    ]);
    for (const [index, { digest, size }] of image.layers.entries()) {
      const seen = statuses(messages, digest.slice(7, 19));
      const steps = ["Downloading", "Verifying Checksum", "Download complete", "Extracting", "Pull complete"];
      expect(seen).toEqual(["Pulling fs layer", ...(index < 3 ? [] : ["Waiting"]), ...steps]);
      const last = messages.filter((m) => m.id === digest.slice(7, 19) && m.status === "Downloading").at(-1);
      expect(last?.progressDetail).toEqual({ current: size, total: size });
      expect(last?.progress).toMatch(/^\[=+> *\] +[\d.]+kB\/[\d.]+kB$/);
    }
    expect(registry.mostAtOnce).toBe(3);
    expect(t.events).toEqual(["pull app:v1 app"]);
    const inspect = await t.images.inspect("app:v1");
    expect(inspect.Id).toBe(image.config.digest);
    expect(inspect.RepoDigests).toEqual([`app@${image.manifest.digest}`]);
    expect(
      t.deps.layers
        .list()
        .map(({ chainId }) => chainId)
        .sort(),
    ).toEqual(chainIdsOf(tars.map(digestOf)).sort());
    expect((await t.images.inspect(`app@${image.manifest.digest}`)).Id).toBe(inspect.Id);
  });
});

test("again: up to date, nothing is downloaded; a shared layer already exists", async () => {
  await withRegistry(async (registry, t) => {
    const base = layer("base");
    registry.addImage("library/app", "v1", [base, layer("one")]);
    const second = registry.addImage("library/app", "v2", [base, layer("two")]);
    await pull(t, "app", "v1");
    registry.requests.length = 0;
    expect((await pull(t, "app", "v1")).at(-1)).toEqual({ status: "Status: Image is up to date for app:v1" });
    expect(registry.requests).toEqual([]);
    const messages = await pull(t, "app", "v2");
    expect(statuses(messages, second.layers[0]?.digest.slice(7, 19))).toEqual(["Already exists"]);
    expect(registry.requests.length).toBe(2);
    expect(
      (await t.images.list({ all: false, filters: new Map(), sharedSize: true, digests: true }))[0]?.SharedSize,
    ).toBe(100_000);
  });
});

test("a moved tag leaves the old image without a name", async () => {
  await withRegistry(async (registry, t) => {
    const old = registry.addImage("library/app", "v1", [layer("a")]);
    await pull(t, "app", "v1");
    registry.addImage("library/app", "v1", [layer("b")]);
    await pull(t, "app", "v1");
    const before = await t.images.inspect(old.config.digest);
    expect([before.RepoTags, before.RepoDigests]).toEqual([[], [`app@${old.manifest.digest}`]]);
  });
});

test("by digest, all tags, by platform through an index", async () => {
  await withRegistry(async (registry, t) => {
    const amd = registry.addImage("team/app", "amd", [layer("amd")]);
    const arm = registry.addImage("team/app", "arm", [layer("arm")], { architecture: "arm64" });
    const index = registry.addManifest(
      "team/app",
      "multi",
      {
        schemaVersion: 2,
        mediaType: mediaTypes.ociIndex,
        manifests: [
          { ...arm.manifest, platform: { os: "linux", architecture: "arm64" } },
          { ...amd.manifest, platform: { os: "linux", architecture: "amd64" } },
          { ...amd.manifest, digest: digestOf("x"), platform: { os: "unknown", architecture: "unknown" } },
        ],
      },
      mediaTypes.ociIndex,
    );
    const byDigest = await pull(t, "reg.test/team/app", amd.manifest.digest);
    expect(byDigest[0]).toEqual({ status: "Pulling from team/app", id: amd.manifest.digest });
    expect(byDigest.at(-1)?.status).toBe(`Status: Downloaded newer image for reg.test/team/app@${amd.manifest.digest}`);
    const multi = await pull(t, "reg.test/team/app", "multi");
    expect(multi.at(-2)).toEqual({ status: `Digest: ${index.digest}` });
    expect((await t.images.inspect("reg.test/team/app:multi")).Architecture).toBe("amd64");
    await pull(t, "reg.test/team/app", "multi", "linux/arm64");
    expect((await t.images.inspect("reg.test/team/app:multi")).Architecture).toBe("arm64");
    expect((await failure(pull(t, "reg.test/team/app", "multi", "linux/s390x"))).message).toBe(
      "no matching manifest for linux/s390x in the manifest list entries",
    );
    const all = await pull(t, "reg.test/team/app");
    expect(all.filter(({ status }) => status === "Pulling from team/app").map(({ id }) => id)).toEqual([
      "amd",
      "arm",
      "multi",
    ]);
    expect(all.at(-1)?.status).toBe("Status: Downloaded newer image for reg.test/team/app");
    expect((await failure(pull(t, "reg.test/team/app", "nope"))).message).toContain("manifest unknown");
  });
});

test("a broken connection is taken up where it broke, also by the next pull", async () => {
  await withRegistry(async (registry, t) => {
    const image = registry.addImage("library/app", "v1", [layer("a", 1_000_000)]);
    const digest = image.layers[0]?.digest ?? "";
    registry.faults.set(digest, [{ cutAfter: 300_000 }, { ignoreRange: true }]);
    await pull(t, "app", "v1");
    expect(registry.requests.filter((request) => request.startsWith(digest))).toEqual([
      `${digest}@0`,
      `${digest}@300000`,
    ]);
    await t.images.remove("app:v1", { force: true, prune: true });

    registry.requests.length = 0;
    registry.faults.set(digest, [
      { cutAfter: 300_000 },
      ...Array.from({ length: 4 }, () => ({ fail: new Error("refused") })),
    ]);
    expect((await failure(pull(t, "app", "v1"))).message).toBe("refused");
    expect(t.deps.blobs.has(digest)).toBe(false);
    expect(t.deps.layers.list()).toEqual([]);
    registry.requests.length = 0;
    await pull(t, "app", "v1");
    expect(registry.requests.filter((request) => request.startsWith(digest))).toEqual([`${digest}@300000`]);
  });
});

test("a registry that lies: altered bytes, a longer blob, a config of other layers, another manifest", async () => {
  await withRegistry(async (registry, t) => {
    const image = registry.addImage("library/app", "v1", [layer("a")]);
    const digest = image.layers[0]?.digest ?? "";
    registry.faults.set(digest, [{ alter: true }]);
    const error = await failure(pull(t, "app", "v1"));
    expect(kindOf(error)).toBe("corrupt");
    expect(error.message).toBe(`filesystem layer verification failed for digest ${digest}`);
    const blob = registry.blobs.get(digest) ?? Buffer.alloc(0);
    registry.blobs.set(digest, Buffer.concat([blob, Buffer.alloc(10)]));
    expect(kindOf(await failure(pull(t, "app", "v1")))).toBe("corrupt");
    registry.blobs.set(digest, blob);

    const other = { rootfs: { type: "layers", diff_ids: [digestOf("other")] } };
    registry.addImage("library/app", "bad", [layer("a")], other);
    expect((await failure(pull(t, "app", "bad"))).message).toContain("layer does not verify");
    registry.addImage("library/app", "few", [layer("a")], { rootfs: { type: "layers", diff_ids: [] } });
    expect((await failure(pull(t, "app", "few"))).message).toBe("layers from manifest don't match image configuration");
    registry.addImage("library/app", "win", [layer("a")], { os: "windows" });
    expect((await failure(pull(t, "app", "win"))).message).toContain('image operating system "windows" cannot be used');

    const v1 = registry.manifests.get("library/app@v1");
    registry.manifests.set(`library/app@${digestOf("x")}`, v1 ?? { mediaType: "", bytes: Buffer.alloc(0) });
    expect(kindOf(await failure(pull(t, "app", digestOf("x"))))).toBe("corrupt");
    registry.manifests.set("library/app@v1", { ...(v1 ?? { bytes: Buffer.alloc(0) }), mediaType: mediaTypes.ociIndex });
    expect((await failure(pull(t, "app", "v1"))).message).toContain("but it was given as");
    expect(await t.images.list({ all: true, filters: new Map(), sharedSize: false, digests: false })).toEqual([]);
    expect(t.deps.layers.list()).toEqual([]);
    expect(layersOnDisk(t)).toEqual([]);
  });
});

test("bytes of an earlier attempt that are wrong are thrown away and fetched again", async () => {
  await withRegistry(async (registry, t) => {
    const image = registry.addImage("library/app", "v1", [layer("a", 500_000)]);
    const digest = image.layers[0]?.digest ?? "";
    const writer = await t.deps.blobs.ingest({ expected: digest });
    await new Promise((resolve) => writer.write(randomBytes(200_000), resolve));
    writer.destroy();
    await new Promise((resolve) => writer.once("close", resolve));
    await pull(t, "app", "v1");
    expect(registry.requests.filter((request) => request.startsWith(digest))).toEqual([
      `${digest}@200000`,
      `${digest}@0`,
    ]);
    expect(t.deps.layers.list().length).toBe(1);
  });
});

test("after a failure, verified blobs are not fetched again", async () => {
  await withRegistry(async (registry, t) => {
    const image = registry.addImage("library/app", "v1", [layer("a"), layer("b")]);
    const [good = "", bad = ""] = image.layers.map(({ digest }) => digest);
    let release = (): void => {};
    registry.faults.set(bad, [
      {
        stall: new Promise<void>((resolve) => {
          release = resolve;
        }),
      },
      ...Array.from({ length: 5 }, () => ({ fail: new Error("refused") })),
    ]);
    const gone = registry.blobs.get(bad) ?? Buffer.alloc(0);
    const first = failure(
      messagesOf((progress) =>
        t.images.pull(
          { image: "app", tag: "v1" },
          (message) => {
            progress(message);
            if (message.status === "Pull complete") {
              registry.faults.set(
                bad,
                Array.from({ length: 9 }, () => ({ fail: new Error("refused") })),
              );
              registry.blobs.delete(bad);
              release();
            }
          },
          signal(),
        ),
      ),
    );
    registry.blobs.set(bad, gone);
    await first;
    registry.blobs.set(bad, gone);
    registry.faults.clear();
    const reopened = await t.reopen();
    registry.requests.length = 0;
    await pull(reopened, "app", "v1");
    expect(registry.requests.some((request) => request.startsWith(good))).toBe(false);
    expect((await reopened.images.inspect("app:v1")).RootFS.Layers.length).toBe(2);
    await reopened.deps.blobs.close();
  });
});

test("two pulls at once download once; one that leaves does not stop the other", async () => {
  await withRegistry(async (registry, t) => {
    const image = registry.addImage("library/app", "v1", [layer("a", 2_000_000)]);
    const digest = image.layers[0]?.digest ?? "";
    const leaver = new AbortController();
    const left = failure(
      t.images.pull(
        { image: "app", tag: "v1" },
        (message) => {
          if (message.status === "Downloading") leaver.abort();
        },
        leaver.signal,
      ),
    );
    const [messages] = await Promise.all([pull(t, "app", "v1"), left]);
    expect(kindOf(await left)).toBe("cancelled");
    expect(messages.at(-1)?.status).toBe("Status: Downloaded newer image for app:v1");
    expect(registry.requests.filter((request) => request.startsWith(digest))).toEqual([`${digest}@0`]);
  });
});

test("a pull that is cancelled keeps nothing but its partial blob", async () => {
  await withRegistry(async (registry, t) => {
    const image = registry.addImage("library/app", "v1", [layer("a", 2_000_000)]);
    const cancel = new AbortController();
    const error = await failure(
      t.images.pull(
        { image: "app", tag: "v1" },
        (message) => {
          if (message.status === "Downloading") cancel.abort();
        },
        cancel.signal,
      ),
    );
    expect(kindOf(error)).toBe("cancelled");
    await expect.poll(() => layersOnDisk(t)).toEqual([]);
    expect(t.deps.blobs.has(image.layers[0]?.digest ?? "")).toBe(false);
    expect(t.deps.store.leases.idle).toBe(true);
  });
});

test("bad names are refused before anything is asked", async () => {
  await withRegistry(async (registry, t) => {
    for (const [name, tag, text] of [
      ["App", "x", "must be lowercase"],
      ["app", "bad tag", "invalid tag format"],
      ["scratch", "latest", "'scratch' is a reserved name"],
      ["app", "sha256:12", "invalid tag format"],
    ] as const)
      expect((await failure(pull(t, name, tag))).message).toContain(text);
    expect(registry.requests).toEqual([]);
  });
});

test("the same layer twice in one image is fetched once", async () => {
  await withRegistry(async (registry, t) => {
    const same = layer("same");
    const image = registry.addImage("library/app", "v1", [same, layer("x"), same]);
    await pull(t, "app", "v1");
    const digest = image.layers[0]?.digest ?? "";
    expect(registry.requests.filter((request) => request.startsWith(digest)).length).toBe(1);
    expect(t.deps.layers.list().length).toBe(3);
  });
});
