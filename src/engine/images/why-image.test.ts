import { expect, test } from "vitest";
import { kindOf } from "../../lib/index.ts";
import { createTar } from "../../lib/tar/index.ts";
import { fakeRegistry } from "./testing/fake-registry.ts";
import { testImages } from "./testing/test-images.ts";

const isRoot = process.geteuid?.() === 0;
const file = (name: string, size: number) => ({ name, content: Buffer.alloc(size, "x") });
const folder = (name: string) => ({ name, type: "directory" as const });

test.skipIf(!isRoot)("which layer put which bytes in, what hides them, what a change would save", async () => {
  const registry = fakeRegistry();
  await using t = await testImages({ registry: () => registry });
  const layers = [
    [folder("usr"), folder("usr/lib"), file("usr/lib/big", 50_000), file("usr/small", 10), file("etc-file", 5)],
    [folder("app"), file("app/one", 20_000), file("app/two", 30_000), file("usr/small", 20)],
    [file(".wh.app", 0), file("usr/lib/.wh.big", 0), folder("var/lib/apt/lists"), file("var/lib/apt/lists/x", 9_000)],
  ];
  const config = {
    history: ["base", "COPY app", "RUN rm"].map((text) => ({ created_by: text, created: "2024-01-01T00:00:00Z" })),
  };
  registry.addImage(
    "library/app",
    "v1",
    layers.map((entries) => createTar(entries)),
    config,
  );
  await t.images.pull({ image: "app", tag: "v1" }, () => {}, new AbortController().signal);

  const why = await t.images.why("app:v1");
  expect([why.Size, why.HiddenSize]).toEqual([109_035, 100_010]);
  expect(why.Layers.map((layer) => [layer.CreatedBy, layer.Size, layer.Files, layer.HiddenSize])).toEqual([
    ["base", 50_015, 3, 50_010],
    ["COPY app", 50_020, 3, 50_000],
    ["RUN rm", 9_000, 1, 0],
  ]);
  expect(why.Layers[0]?.Created).toBe(1_704_067_200);
  expect(why.Layers[0]?.Folders[0]).toEqual({ Path: "/usr/lib", Size: 50_000, Files: 1 });
  expect(why.Layers[0]?.Hidden).toEqual([
    { Path: "/usr/lib/big", Size: 50_000, Files: 1, How: "deleted", Layer: 3 },
    { Path: "/usr/small", Size: 10, Files: 1, How: "replaced", Layer: 2 },
  ]);
  expect(why.Layers[1]?.Hidden).toEqual([{ Path: "/app", Size: 50_000, Files: 2, How: "deleted", Layer: 3 }]);
  expect(why.Savings.map(({ Layer, Size }) => [Layer, Size])).toEqual([
    [1, 50_010],
    [2, 50_000],
    [3, 9_000],
  ]);
  expect(why.Savings[2]?.Suggestion).toContain("rm -rf /var/lib/apt/lists/*");
  expect(kindOf(await t.images.why("nope").catch((error: unknown) => error))).toBe("not-found");
});
