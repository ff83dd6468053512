/**
 * OCI distribution, the client's end. A *domain* is what references name; an *endpoint* is a scheme and host that serves
 * it; a *session* is requests to an endpoint with its authentication. `testing/` has a registry for tests.
 */

export type { FetchedBlob, RegistryClient, ResolvedManifest, Target } from "./client/registry-client.ts";
export { createRegistries, type RegistriesOptions } from "./registries.ts";
