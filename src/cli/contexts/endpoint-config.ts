import { X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { parseHost } from "../../api/client/index.ts";
import { CliError } from "../core/cli-error.ts";
import type { Context } from "../core/context.ts";
import { ContextStore, type DockerEndpoint, type TlsMaterial } from "./context-store.ts";

export interface EndpointConfig {
  endpoint: DockerEndpoint;
  tls: TlsMaterial;
}

const FILES: Record<string, string> = { ca: "ca.pem", cert: "cert.pem", key: "key.pem" };
const KEYS = ["from", "host", "ca", "cert", "key", "skip-tls-verify"];

/** What `--docker from=…,host=…,ca=…,cert=…,key=…,skip-tls-verify=…` says. Throws CliError in Docker's words. */
export function endpointConfig(context: Context, words: ReadonlyMap<string, string>): EndpointConfig {
  const fail = (why: string) => new CliError(`unable to create docker endpoint config: ${why}`);
  for (const key of words.keys()) if (!KEYS.includes(key)) throw fail(`unrecognized config key: ${key}`);
  const from = words.get("from");
  if (from !== undefined) return existingConfig(context, from);
  const tls = new Map<string, Buffer>();
  for (const [key, file] of Object.entries(FILES)) {
    const path = words.get(key);
    if (path) tls.set(file, readMaterial(path, fail));
  }
  const skip = words.get("skip-tls-verify");
  const verify = skip === undefined ? false : parseBool(skip, fail);
  const host = words.get("host");
  if (host) {
    checkHost(host, tls.size > 0, fail);
    checkTls(tls, fail);
  }
  return { endpoint: { ...(host ? { Host: host } : {}), SkipTLSVerify: verify }, tls };
}

/** The endpoint of another context; that of "default" is what is in force without contexts. */
export function existingConfig(context: Context, name: string): EndpointConfig {
  if (name === "default") return { endpoint: { Host: defaultHost(context), SkipTLSVerify: false }, tls: new Map() };
  const store = new ContextStore(context.configFolder);
  const { docker } = store.read(name).Endpoints;
  if (docker === undefined)
    throw new CliError(
      `unable to create docker endpoint config: context ${JSON.stringify(name)} has no docker endpoint`,
    );
  return { endpoint: docker, tls: store.tls(name) };
}

/** Where the "default" context leads. */
export const defaultHost = ({ env, globals, program }: Context): string =>
  globals.hosts[0] ||
  env.BERTH_HOST ||
  env.DOCKER_HOST ||
  `unix:///var/run/${program.command === "docker" ? "docker" : "berth"}.sock`;

type Fail = (why: string) => CliError;

function readMaterial(path: string, fail: Fail): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw fail(code === "ENOENT" ? `open ${path}: no such file or directory` : message);
  }
}

function parseBool(text: string, fail: Fail): boolean {
  if (/^(1|t|T|true|TRUE|True)$/.test(text)) return true;
  if (/^(0|f|F|false|FALSE|False)$/.test(text)) return false;
  throw fail(`skip-tls-verify: strconv.ParseBool: parsing ${JSON.stringify(text)}: invalid syntax`);
}

/** Certificates and key have to be some: a connection would fail for no visible reason. */
function checkTls(tls: TlsMaterial, fail: Fail): void {
  const refuse = (why: string) => fail(`invalid docker endpoint options: failed to retrieve context tls info: ${why}`);
  const isCertificate = (file: string) => {
    try {
      return new X509Certificate(tls.get(file) ?? "").subject !== undefined;
    } catch {
      return false;
    }
  };
  if (tls.has("ca.pem") && !isCertificate("ca.pem")) throw refuse("ca.pem seems invalid");
  if (!tls.has("key.pem") || !tls.has("cert.pem")) return;
  if (!/-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(tls.get("key.pem")?.toString() ?? ""))
    throw refuse("no valid private key found");
  if (!isCertificate("cert.pem")) throw refuse("tls: failed to find any PEM data in certificate input");
}

function checkHost(host: string, tls: boolean, fail: Fail): void {
  try {
    parseHost(host.replace(/^https?:\/\//, "tcp://"), { tls });
  } catch {
    throw fail(`unable to apply docker endpoint options: unable to parse docker host \`${host}\``);
  }
}
