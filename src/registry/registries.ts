import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { rootCertificates } from "node:tls";
import { invalid } from "../lib/index.ts";
import type { RegistryAuth } from "../spec/api/index.ts";
import { isInsecure } from "./client/endpoint.ts";
import { createRegistryClient, type RegistryClient } from "./client/registry-client.ts";
import type { TlsFiles } from "./client/transport.ts";

export interface RegistriesOptions {
  userAgent: string;
  /** daemon.json's insecure-registries: hosts, host:port, CIDR blocks. */
  insecureRegistries?: readonly string[];
  /** daemon.json's registry-mirrors, for Docker Hub. */
  mirrors?: readonly string[];
  /** Folder of folders named by domain with *.crt, *.cert and *.key; /etc/docker/certs.d unless given. */
  certificates?: string;
}

/**
 * Registry clients as the daemon's configuration wants them: `registries(domain, auth)`. A client needs no closing: what
 * connections it keeps close themselves after 5 s.
 */
export function createRegistries(options: RegistriesOptions) {
  const { userAgent, insecureRegistries = [], mirrors = [], certificates = "/etc/docker/certs.d" } = options;
  return (domain: string, auth: RegistryAuth | undefined): RegistryClient => {
    const tls = readCertificates(certificates, domain);
    return createRegistryClient({
      domain,
      auth,
      userAgent,
      insecure: isInsecure(domain, insecureRegistries),
      mirrors: domain === "docker.io" ? mirrors : [],
      ...(tls === undefined ? {} : { tls }),
    });
  };
}

/**
 * The certificates that Docker's conventions give a registry: every *.crt is a root beside the usual ones, x.cert with
 * x.key shows the client. Undefined without such a folder.
 */
export function readCertificates(folder: string, domain: string): TlsFiles | undefined {
  // A domain has passed the grammar of references; this keeps any other text out of the path.
  if (!/^[A-Za-z0-9.:[\]-]+$/.test(domain) || /^\.+$/.test(domain))
    throw invalid(`invalid registry domain ${JSON.stringify(domain)}`);
  const place = join(folder, domain);
  const names = namesIn(place);
  const roots = names.filter((name) => name.endsWith(".crt")).map((name) => readFileSync(join(place, name)));
  const client = names.find((name) => name.endsWith(".cert") && names.includes(name.replace(/cert$/, "key")));
  if (roots.length === 0 && client === undefined) return undefined;
  return {
    ...(roots.length === 0 ? {} : { ca: [...rootCertificates, ...roots] }),
    ...(client === undefined
      ? {}
      : { cert: readFileSync(join(place, client)), key: readFileSync(join(place, client.replace(/cert$/, "key"))) }),
  };
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
