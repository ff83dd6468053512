/**
 * Texts of the files that a container gets bound over /etc/hostname, hosts and resolv.conf. Pure.
 */

const HOSTS = `127.0.0.1\tlocalhost
::1\tlocalhost ip6-localhost ip6-loopback
fe00::0\tip6-localnet
ff00::0\tip6-mcastprefix
ff02::1\tip6-allnodes
ff02::2\tip6-allrouters
`;

/** `base` is the host's file where the container has the host's network. Entries are "name:address". */
export function hostsText(extraHosts: readonly string[], base = HOSTS): string {
  const lines = extraHosts.map((entry) => {
    const at = entry.search(/[:=]/);
    const address = entry.slice(at + 1);
    // Without a bridge the way to the host is its loopback, which only the host's network has.
    const shown = address === "host-gateway" ? "127.0.0.1" : address.replace(/^\[|\]$/g, "");
    return `${shown}\t${entry.slice(0, at)}\n`;
  });
  const whole = base === "" || base.endsWith("\n") ? base : `${base}\n`;
  return whole + lines.join("");
}

export interface ResolverChoice {
  servers: readonly string[];
  search: readonly string[];
  options: readonly string[];
}

/**
 * The host's resolv.conf with what the user, or else the daemon, chose in its place. Server addresses of the host's
 * loopback mean nothing in another network namespace and are left out there (`ownNetwork`).
 */
export function resolvText(host: string, choice: ResolverChoice, ownNetwork: boolean): string {
  const parsed = parseResolv(host);
  const servers =
    choice.servers.length > 0 ? choice.servers : parsed.servers.filter((server) => !ownNetwork || !isLoopback(server));
  const search = choice.search.length > 0 ? choice.search.filter((domain) => domain !== ".") : parsed.search;
  const options = choice.options.length > 0 ? choice.options : parsed.options;
  const lines = [
    ...servers.map((server) => `nameserver ${server}`),
    ...(search.length > 0 ? [`search ${search.join(" ")}`] : []),
    ...(options.length > 0 ? [`options ${options.join(" ")}`] : []),
  ];
  return lines.map((line) => `${line}\n`).join("");
}

function parseResolv(text: string): { servers: string[]; search: string[]; options: string[] } {
  const found = { servers: [] as string[], search: [] as string[], options: [] as string[] };
  for (const line of text.split("\n")) {
    const [keyword, ...words] = line
      .replace(/[#;].*/, "")
      .trim()
      .split(/\s+/);
    if (keyword === "nameserver" && words[0] !== undefined) found.servers.push(words[0]);
    if (keyword === "search" || keyword === "domain") found.search = words;
    if (keyword === "options") found.options.push(...words);
  }
  return found;
}

const isLoopback = (address: string) => address.startsWith("127.") || address === "::1";
