/** A registry for tests: in memory, on 127.0.0.1, with Basic or token authentication, ranges, and faults on demand. */
export { testCertificate } from "./certificate.ts";
export type { PutImage, RegistryContent, TestImage } from "./content.ts";
export { type FakeRegistry, type FakeRegistryOptions, type SeenRequest, startFakeRegistry } from "./fake-registry.ts";
export type { Fault, Misbehaviour } from "./faults.ts";
