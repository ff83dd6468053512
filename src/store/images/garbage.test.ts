import { expect, test } from "vitest";
import { digestOf } from "../../spec/index.ts";
import { executeCollection, type ImageRecord, planCollection } from "./index.ts";
import { createLeases } from "./leases.ts";

const layer = (name: string, parent?: string) => ({
  chainId: digestOf(name),
  parent: parent === undefined ? undefined : digestOf(parent),
  size: 10,
});
const blob = (name: string, modified = new Date(1000)) => ({ digest: digestOf(name), size: 5, modified });
const image = (id: string, layers: string[]): ImageRecord => ({
  schema: 1,
  id: digestOf(id),
  manifest: digestOf(`${id}-manifest`),
  mediaType: "",
  created: "",
  size: 0,
  config: { architecture: "", os: "", config: {}, rootfs: { type: "layers", diff_ids: [] }, history: [] },
  layers: layers.map((name) => ({
    diffId: digestOf(name),
    chainId: digestOf(name),
    blob: { mediaType: "", digest: digestOf(`${name}-blob`), size: 5 },
  })),
});
const nothingHeld = () => false;

test("what an image needs stays, the rest goes, the highest layer first", () => {
  const plan = planCollection({
    records: [image("i", ["base"])],
    blobs: ["i", "i-manifest", "base-blob", "other"].map((name) => blob(name)),
    layers: [layer("l1"), layer("base"), layer("l3", "l2"), layer("l2", "l1")],
    holds: nothingHeld,
  });
  expect(plan.blobs.map(({ digest }) => digest)).toEqual([digestOf("other")]);
  expect(plan.layers.map(({ chainId }) => chainId)).toEqual(["l3", "l2", "l1"].map(digestOf));
});

test("leased and fresh blobs stay", () => {
  const leases = createLeases();
  const [one, two] = [leases.take(), leases.take()];
  one.hold(digestOf("held"), digestOf("held"));
  two.hold(digestOf("held"));
  one.release();
  const facts = {
    records: [],
    blobs: [blob("held"), blob("old", new Date(1)), blob("new", new Date(5000))],
    layers: [],
    holds: leases.holds,
    before: new Date(2000),
  };
  expect(planCollection(facts).blobs.map(({ digest }) => digest)).toEqual([digestOf("old")]);
  two.release();
  expect(planCollection(facts).blobs.length).toBe(2);
});

test("a lease taken after the plan is honoured, and one failure does not stop the rest", async () => {
  const plan = { layers: [layer("broken"), layer("held"), layer("free")], blobs: [blob("b")] };
  const warnings: string[] = [];
  const removed: string[] = [];
  const result = await executeCollection(plan, {
    holds: (id) => id === digestOf("held"),
    removeLayer: async (id) => {
      if (id === digestOf("broken")) throw new Error("busy");
      removed.push(id);
    },
    removeBlob: async (id) => {
      removed.push(id);
      return 5;
    },
    warn: (message) => warnings.push(message),
  });
  expect(removed).toEqual([digestOf("free"), digestOf("b")]);
  expect(result).toEqual({ layers: [digestOf("free")], bytes: 10 });
  expect(warnings.length).toBe(1);
});
