import { createRegistries } from "../../registry/index.ts";
import type { RegistryAuth } from "../../spec/api/index.ts";
import type { System } from "../engine.ts";
import { dataRootUsage } from "./data-root-usage.ts";
import { diskUsage } from "./disk-usage.ts";
import { engineId } from "./engine-id.ts";
import { infoBody } from "./info.ts";
import type { SystemParts } from "./system-parts.ts";
import { createProgramVersions, versionBody } from "./version.ts";

/** The System service. */
export function createSystem(parts: SystemParts): System {
  const id = engineId(parts.config.dataRoot);
  const programs = createProgramVersions(parts.host);
  return {
    info: async () => infoBody(parts, await id, await programs()),
    version: async () => versionBody(parts, await programs()),
    async df({ types, total }) {
      const usage = await diskUsage(parts, types);
      if (!total) return usage;
      return { ...usage, DataRoot: await dataRootUsage(parts.config.dataRoot, parts.context.trees) };
    },
    auth: (credentials) => checkCredentials(parts, credentials),
  };
}

/** Docker Hub by each of its names. */
const HUB = new Set(["", "docker.io", "index.docker.io", "registry-1.docker.io"]);

async function checkCredentials({ config, current }: SystemParts, auth: RegistryAuth) {
  const host = (auth.serveraddress ?? "").replace(/^https?:\/\//, "").split("/", 1)[0] ?? "";
  const domain = HUB.has(host) ? "docker.io" : host;
  const { insecureRegistries } = current();
  const client = createRegistries({ insecureRegistries, userAgent: `berth/${config.version}` })(domain, auth);
  try {
    const { identityToken } = await client.checkAuth();
    return { Status: "Login Succeeded", IdentityToken: identityToken };
  } finally {
    client.close();
  }
}
