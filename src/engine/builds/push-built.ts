import type { Built, Progress } from "../../build/index.ts";
import { parseOutputOptions, pushImages } from "../../build/output/index.ts";
import type { RegistryClient } from "../../registry/index.ts";
import type { BuildOutputRequest, BuildRequest } from "../../spec/api/index.ts";
import { familiar, parseReference, withDefaultTag } from "../../spec/index.ts";
import { authOf } from "./base-images.ts";
import type { BuildsDeps } from "./builds-deps.ts";

/** Whether an output asks for a push. */
export const isPush = ({ type, attributes }: BuildOutputRequest) =>
  type === "registry" || (type === "image" && ["", "1", "true"].includes(attributes.push ?? "false"));

/** Sends what was built to the registries of its names; several platforms as an index. Gives the digest of what was sent. */
export async function pushBuilt(
  deps: BuildsDeps,
  request: BuildRequest,
  output: BuildOutputRequest,
  built: readonly Built[],
  progress: Progress,
  signal: AbortSignal,
): Promise<string | undefined> {
  const options = parseOutputOptions(output.type, output.attributes);
  const names = [...options.names, ...(request.tags ?? []).map((tag) => withDefaultTag(parseReference(tag)))];
  const vertex = { id: `pushing ${Math.random()}`, name: `pushing ${names.map(familiar).join(", ")}`, inputs: [] };
  progress.begin(vertex);
  const clients = new Map<string, RegistryClient>();
  const clientOf = (domain: string) => {
    const client = clients.get(domain) ?? deps.registry(domain, authOf(request.auths ?? {}, domain));
    clients.set(domain, client);
    return client;
  };
  try {
    const parts = { blobs: deps.imageParts.blobs, leases: deps.imageParts.store.leases, clients: clientOf };
    const images = built.map(({ platform, config, layers }) => ({ platform, config, layers }));
    const pushed = await pushImages(images, { ...options, names }, parts, signal);
    progress.done(vertex);
    return pushed[0]?.digest;
  } catch (error) {
    progress.done(vertex, error instanceof Error ? error.message : String(error));
    throw error;
  } finally {
    for (const client of clients.values()) client.close();
  }
}
