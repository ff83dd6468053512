import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type Endpoint, parseHost, type TlsFiles } from "../../api/client/index.ts";
import { messageOf } from "../../lib/index.ts";
import { CliError } from "./cli-error.ts";
import type { ConfigFile } from "./config-file.ts";

/** The global flags that choose the daemon. */
export interface EndpointFlags {
  readonly hosts: readonly string[];
  readonly context: string;
  readonly tls: boolean;
  readonly tlsVerify: boolean | undefined;
  readonly tlsCa: string;
  readonly tlsCert: string;
  readonly tlsKey: string;
}

export interface ChosenEndpoint {
  readonly endpoint: Endpoint;
  readonly context: string;
  /** Nothing named a daemon: the CLI may start one. */
  readonly isDefault: boolean;
}

/**
 * Chooses the daemon: -H, then BERTH_HOST, DOCKER_HOST, then the context named by --context, DOCKER_CONTEXT or the
 * configuration, then the default socket. --context goes before the variables.
 */
export function chooseEndpoint(
  flags: EndpointFlags,
  env: NodeJS.ProcessEnv,
  folder: string,
  config: () => ConfigFile,
): ChosenEndpoint {
  if (flags.hosts.length > 1) throw unresolved("Specify only one -H");
  const context = contextName(flags, env, config);
  if (context !== "default") return { endpoint: fromContext(folder, context), context, isDefault: false };
  const text = flags.hosts[0] ?? (env.BERTH_HOST || env.DOCKER_HOST || "");
  const tls = tlsFiles(flags, env, folder);
  return { endpoint: toEndpoint(text, tls), context, isDefault: text === "" };
}

/** The name of the context in force; "default" stands for the environment and the default socket. */
export function contextName(flags: EndpointFlags, env: NodeJS.ProcessEnv, config: () => ConfigFile): string {
  if (flags.context !== "") {
    if (flags.hosts.length > 0) throw new CliError("conflicting options: cannot specify both --host and --context");
    return flags.context;
  }
  if (flags.hosts.length > 0 || env.BERTH_HOST || env.DOCKER_HOST) return "default";
  return env.DOCKER_CONTEXT || config().currentContext || "default";
}

function unresolved(why: string): CliError {
  return new CliError(`Failed to initialize: unable to resolve docker endpoint: ${why}`);
}

function toEndpoint(text: string, tls: TlsFiles | undefined): Endpoint {
  try {
    const host = parseHost(text.replace(/^https?:\/\//, "tcp://"), { tls: tls !== undefined });
    return { host, text: hostText(host, text), ...(tls === undefined || host.kind !== "tcp" ? {} : { tls }) };
  } catch (error) {
    throw unresolved(messageOf(error));
  }
}

function hostText(host: Endpoint["host"], text: string): string {
  if (host.kind === "unix") return `unix://${host.path}`;
  return host.kind === "tcp" ? `tcp://${host.host}:${host.port}${host.basePath}` : text;
}

function tlsFiles(flags: EndpointFlags, env: NodeJS.ProcessEnv, folder: string): TlsFiles | undefined {
  const verify = flags.tlsVerify ?? Boolean(env.DOCKER_TLS_VERIFY);
  if (!flags.tls && !verify && !env.DOCKER_TLS) return undefined;
  const base = env.DOCKER_CERT_PATH || folder;
  const file = (flag: string, name: string) => {
    const path = flag || join(base, name);
    return flag !== "" || existsSync(path) ? path : undefined;
  };
  const ca = verify || flags.tlsCa !== "" ? file(flags.tlsCa, "ca.pem") : undefined;
  const cert = file(flags.tlsCert, "cert.pem");
  const key = file(flags.tlsKey, "key.pem");
  return {
    verify,
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
  };
}

interface ContextMeta {
  Name: string;
  Endpoints?: { docker?: { Host?: string; SkipTLSVerify?: boolean } };
}

function fromContext(folder: string, name: string): Endpoint {
  // Loading node:crypto takes as long as the rest of a start: only contexts need it.
  const { createHash } = process.getBuiltinModule("node:crypto");
  const id = createHash("sha256").update(name).digest("hex");
  const path = join(folder, "contexts", "meta", id, "meta.json");
  let meta: ContextMeta;
  try {
    meta = JSON.parse(readFileSync(path, "utf8")) as ContextMeta;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT")
      throw unresolved(`context ${JSON.stringify(name)}: ${messageOf(error)}`);
    throw unresolved(`context ${JSON.stringify(name)}: context not found: open ${path}: no such file or directory`);
  }
  const docker = meta.Endpoints?.docker;
  if (docker === undefined) throw unresolved(`no docker endpoint configured in context ${JSON.stringify(name)}`);
  const tlsFolder = join(folder, "contexts", "tls", id, "docker");
  const file = (part: string) => (existsSync(join(tlsFolder, part)) ? join(tlsFolder, part) : undefined);
  const [ca, cert, key] = [file("ca.pem"), file("cert.pem"), file("key.pem")];
  const withTls = ca !== undefined || cert !== undefined || docker.SkipTLSVerify === true;
  const tls: TlsFiles | undefined = withTls
    ? {
        verify: docker.SkipTLSVerify !== true,
        ...(ca === undefined ? {} : { ca }),
        ...(cert === undefined ? {} : { cert }),
        ...(key === undefined ? {} : { key }),
      }
    : undefined;
  return toEndpoint(docker.Host ?? "", tls);
}
