import type { ConfigFile } from "../core/config-file.ts";

const VARIABLES: Record<string, string> = {
  httpProxy: "HTTP_PROXY",
  httpsProxy: "HTTPS_PROXY",
  ftpProxy: "FTP_PROXY",
  noProxy: "NO_PROXY",
  allProxy: "ALL_PROXY",
};

/** Variables that config.json's `proxies` gives to containers of this daemon, in both cases, where `given` has none of them. */
export function proxyVariables(config: ConfigFile, host: string, given: readonly string[]): string[] {
  const proxies = config.proxies?.[host] ?? config.proxies?.default;
  if (proxies === undefined) return [];
  const names = new Set(given.map((text) => text.split("=", 1)[0]));
  return Object.entries(VARIABLES).flatMap(([key, name]) => {
    const value = proxies[key];
    if (!value) return [];
    return [name, name.toLowerCase()]
      .filter((variable) => !names.has(variable))
      .map((variable) => `${variable}=${value}`);
  });
}
