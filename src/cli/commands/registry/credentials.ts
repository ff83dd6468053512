import type { RegistryAuth } from "../../../spec/api/index.ts";
import type { ConfigFile } from "../../core/config-file.ts";
import type { Context } from "../../core/context.ts";
import { helperErase, helperGet, helperStore } from "./credential-helper.ts";

/** Docker Hub's name among the stored credentials. */
export const INDEX_SERVER = "https://index.docker.io/v1/";

/** The name under which a registry's credentials are kept. */
export function serverKey(domain: string): string {
  return ["docker.io", "index.docker.io", "registry-1.docker.io", ""].includes(domain) ? INDEX_SERVER : domain;
}

/** The host alone of what a user or an old file names a registry by. */
const hostname = (server: string) => server.replace(/^https?:\/\//, "").split("/", 1)[0] ?? "";

/** Stored credentials of a registry; undefined where there are none. */
export async function findCredentials(config: ConfigFile, server: string): Promise<RegistryAuth | undefined> {
  const helper =
    config.credHelpers?.[server === INDEX_SERVER ? "docker.io" : server] ??
    config.credHelpers?.[server] ??
    config.credsStore;
  if (helper !== undefined && helper !== "") {
    const found = await helperGet(helper, server);
    if (found !== undefined) return found;
  }
  const auths = config.auths ?? {};
  const name = Object.hasOwn(auths, server)
    ? server
    : Object.keys(auths).find((key) => hostname(key) === hostname(server));
  return name === undefined ? undefined : decodeAuth(auths[name] ?? {}, server);
}

function decodeAuth(entry: NonNullable<ConfigFile["auths"]>[string], server: string): RegistryAuth | undefined {
  const [user, ...rest] = Buffer.from(entry.auth ?? "", "base64")
    .toString("utf8")
    .split(":");
  const username = entry.username ?? user ?? "";
  const password = entry.password ?? rest.join(":").replace(/\0+$/, "");
  if (username === "" && !entry.identitytoken) return undefined;
  return {
    username,
    password,
    serveraddress: server,
    ...(entry.identitytoken ? { identitytoken: entry.identitytoken } : {}),
  };
}

/** The X-Registry-Auth header for a registry; undefined without credentials. */
export async function registryAuthHeader(context: Context, domain: string): Promise<string | undefined> {
  const found = await findCredentials(context.config, serverKey(domain));
  return found === undefined ? undefined : Buffer.from(JSON.stringify(found)).toString("base64url");
}

/** Puts credentials where the configuration says: a helper, or config.json itself (then true: it is not encrypted). */
export async function storeCredentials(config: ConfigFile, server: string, auth: RegistryAuth): Promise<boolean> {
  const helper = config.credHelpers?.[server] ?? config.credsStore;
  config.auths ??= {};
  if (helper) {
    await helperStore(helper, server, auth);
    config.auths[server] = {};
    return false;
  }
  const text = `${auth.username ?? ""}:${auth.password ?? ""}`;
  if (auth.identitytoken)
    config.auths[server] = {
      auth: Buffer.from(`${auth.username ?? ""}:`).toString("base64"),
      identitytoken: auth.identitytoken,
    };
  else config.auths[server] = { auth: Buffer.from(text).toString("base64") };
  return true;
}

/** Removes credentials; whether there were any. */
export async function eraseCredentials(config: ConfigFile, server: string): Promise<boolean> {
  const helper = config.credHelpers?.[server] ?? config.credsStore;
  if (helper) await helperErase(helper, server);
  const had = config.auths !== undefined && Object.hasOwn(config.auths, server);
  if (config.auths !== undefined) delete config.auths[server];
  return had || Boolean(helper);
}
