import { BlockList, isIP, isIPv6 } from "node:net";

const hub = { domain: "docker.io", host: "registry-1.docker.io" };

/** One place to ask: a scheme and a host. The base of its addresses is `<url>/v2/`. */
export interface Endpoint {
  readonly url: URL;
  /** Its certificate is not verified, and redirects may leave TLS. */
  readonly insecure: boolean;
  /** Whether the user's credentials are for it. They are for no mirror. */
  readonly trusted: boolean;
}

/** Where a domain's registry answers, to be tried in order: HTTPS, and HTTP after it where that is allowed. */
export function endpointsOf(domain: string, insecure: boolean): Endpoint[] {
  const host = domain === hub.domain ? hub.host : domain;
  const lax = insecure || isLoopback(domain);
  const schemes = lax ? ["https", "http"] : ["https"];
  return schemes.map((scheme) => ({ url: new URL(`${scheme}://${host}/`), insecure: lax, trusted: true }));
}

/** A mirror as daemon.json names it: an address with scheme. */
export function mirrorEndpoint(address: string, insecure: boolean): Endpoint {
  const url = new URL(address);
  return { url: new URL(url.origin), insecure: insecure || isLoopback(url.host), trusted: false };
}

/** Whether the domain is this machine itself, which Docker lets speak plain HTTP. */
export function isLoopback(domain: string): boolean {
  const host = hostOf(domain).toLowerCase();
  return host === "localhost" || host === "::1" || /^127(?:\.\d{1,3}){3}$/.test(host);
}

/** Whether a domain is in the list of insecure registries: host, host:port, or a CIDR block that has its address. */
export function isInsecure(domain: string, insecureRegistries: readonly string[]): boolean {
  if (isLoopback(domain)) return true;
  const host = hostOf(domain);
  return insecureRegistries.some((entry) => {
    const [address = "", bits] = entry.split("/");
    return bits === undefined ? entry === domain || entry === host : inBlock(host, address, Number(bits));
  });
}

function inBlock(host: string, address: string, bits: number): boolean {
  if (isIP(host) === 0 || isIP(host) !== isIP(address) || !(bits >= 0 && bits <= (isIPv6(host) ? 128 : 32)))
    return false;
  const family = isIPv6(host) ? "ipv6" : "ipv4";
  const block = new BlockList();
  block.addSubnet(address, bits, family);
  return block.check(host, family);
}

function hostOf(domain: string): string {
  return /^\[([^\]]*)\]/.exec(domain)?.[1] ?? domain.replace(/:\d+$/, "");
}
