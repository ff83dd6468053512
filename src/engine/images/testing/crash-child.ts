import { createHash } from "node:crypto";
import { createTar } from "../../../lib/tar/index.ts";
import { fakeRegistry } from "./fake-registry.ts";
import { testImages } from "./test-images.ts";

/** A process to be killed: pulls and removes the same image in a data root, over and over, saying "pulled" each time. */
const [root = ""] = process.argv.slice(2);
const registry = fakeRegistry();
registry.addImage(
  "library/app",
  "v1",
  ["a", "b", "c"].map((name) => createTar([{ name, content: bytes(name) }])),
);
const t = await testImages({ root, registry: () => registry });
for (;;) {
  await t.images.pull({ image: "app", tag: "v1" }, () => {}, new AbortController().signal);
  process.stdout.write("pulled\n");
  await t.images.remove("app:v1", { force: true, prune: true });
}

/** The same in every run, and it does not compress. */
function bytes(seed: string): Buffer {
  const parts: Buffer[] = [];
  for (let index = 0; index < 40_000; index++) parts.push(createHash("sha256").update(`${seed}${index}`).digest());
  return Buffer.concat(parts);
}
