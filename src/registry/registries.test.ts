import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createRegistries, readCertificates } from "./registries.ts";
import { type FakeRegistry, startFakeRegistry, testCertificate } from "./testing/index.ts";

let folder: string;
let registry: FakeRegistry;
beforeEach(async () => {
  folder = await mkdtemp("/var/tmp/berth-certs-");
  registry = await startFakeRegistry();
});
afterEach(async () => {
  await registry.close();
  await rm(folder, { recursive: true });
});

test("a registry's own roots and client certificate are found by its domain", async () => {
  const place = join(folder, "r.example:5000");
  await mkdir(place);
  await writeFile(join(place, "ca.crt"), testCertificate.cert);
  await writeFile(join(place, "client.cert"), testCertificate.cert);
  await writeFile(join(place, "client.key"), testCertificate.key);
  await writeFile(join(place, "alone.cert"), testCertificate.cert);
  const found = readCertificates(folder, "r.example:5000");
  expect(String([found?.ca].flat().at(-1))).toBe(testCertificate.cert);
  expect(String(found?.key)).toBe(testCertificate.key);
  expect(readCertificates(folder, "other.example")).toBeUndefined();
  for (const domain of ["..", "../r.example", "a/b", "", "\0"])
    expect(() => readCertificates(folder, domain)).toThrow("invalid registry domain");
});

test("clients of one configuration leave no connection behind", async () => {
  registry.putImage("app", "1");
  const registries = createRegistries({ userAgent: "berth-test", certificates: folder });
  for (let round = 0; round < 20; round++)
    await registries(registry.domain, undefined).resolve({ path: "app", tag: "1" }, { accept: [] });
  const sockets = () => process.getActiveResourcesInfo().filter((name) => name === "TCPSocketWrap").length;
  await expect.poll(sockets, { timeout: 15_000 }).toBeLessThan(10);
});
