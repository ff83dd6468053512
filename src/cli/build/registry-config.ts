import type { RegistryAuth } from "../../spec/api/index.ts";
import { findCredentials } from "../commands/registry/credentials.ts";
import type { Context } from "../core/context.ts";

/** The X-Registry-Config header: the credentials of every registry that the configuration knows. */
export async function registryConfig(context: Context): Promise<string> {
  return Buffer.from(JSON.stringify(await allCredentials(context))).toString("base64url");
}

/** Stored credentials by registry. One that a helper cannot give is left out. */
export async function allCredentials(context: Context): Promise<Record<string, RegistryAuth>> {
  const { auths, credHelpers } = context.config;
  const found: Record<string, RegistryAuth> = {};
  for (const server of new Set([...Object.keys(auths ?? {}), ...Object.keys(credHelpers ?? {})])) {
    const credentials = await findCredentials(context.config, server).catch(() => undefined);
    if (credentials !== undefined) found[server] = credentials;
  }
  return found;
}
