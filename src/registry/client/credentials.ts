import type { RegistryAuth } from "../../spec/api/index.ts";

/** What a user can show to a registry: a name and password, or a token from an earlier login. */
export interface Credentials {
  readonly basic?: { readonly username: string; readonly password: string };
  /** To be exchanged for access tokens. */
  readonly identityToken?: string;
  /** An access token, used as it is. */
  readonly registryToken?: string;
}

/** Credentials from the API's form, in which `auth` is base64 of user:password. Undefined where it holds none. */
export function credentialsFrom(auth: RegistryAuth | undefined): Credentials | undefined {
  if (auth === undefined) return undefined;
  const [username, password] = userAndPassword(auth);
  const credentials: Credentials = {
    ...(username === "" || password === "" ? {} : { basic: { username, password } }),
    ...(auth.identitytoken ? { identityToken: auth.identitytoken } : {}),
    ...(auth.registrytoken ? { registryToken: auth.registrytoken } : {}),
  };
  return Object.keys(credentials).length === 0 ? undefined : credentials;
}

/** The Authorization header for a name and password. */
export function basicHeader({ username, password }: { username: string; password: string }): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}`;
}

function userAndPassword({ username = "", password = "", auth = "" }: RegistryAuth): [string, string] {
  if (username !== "" || auth === "") return [username, password];
  const decoded = Buffer.from(auth, "base64").toString();
  const colon = decoded.indexOf(":");
  return colon < 0 ? ["", ""] : [decoded.slice(0, colon), decoded.slice(colon + 1).replace(/\0+$/, "")];
}
