const IPV4 = "127.0.0.1\tlocalhost\n";
const IPV6 = `::1\tlocalhost ip6-localhost ip6-loopback
fe00::0\tip6-localnet
ff00::0\tip6-mcastprefix
ff02::1\tip6-allnodes
ff02::2\tip6-allrouters
`;

/** What a container is called, for the lines of its own addresses. */
export interface OwnName {
  readonly hostname: string;
  readonly domainname: string;
}

export interface HostsFileOptions extends OwnName {
  /** --add-host: "name:address" or "name=address", where the address may be "host-gateway". */
  readonly extraHosts: readonly string[];
  /** What "host-gateway" stands for, an address of each family at most. */
  readonly hostGateway: readonly string[];
  /** The container's own addresses, in the order of its networks. */
  readonly addresses: readonly string[];
  /** False: IPv6 is off in the container, and no line speaks of it. */
  readonly ipv6: boolean;
}

/** The container's /etc/hosts as Docker writes it. Pure. */
export function hostsFile(options: HostsFileOptions): string {
  const { extraHosts, hostGateway, addresses, ipv6 } = options;
  const extra = extraHosts.flatMap((entry) => {
    const { name, address } = parseExtraHost(entry);
    return (address === "host-gateway" ? hostGateway : [address]).map((each) => `${each}\t${name}\n`);
  });
  const lines = [...extra, ...addresses.map((address) => ownLine(address, options))];
  const shown = ipv6 ? lines : lines.filter((line) => !isIPv6Line(line));
  return [IPV4, ipv6 ? IPV6 : "", ...shown].join("");
}

/**
 * A running container's /etc/hosts after it joined or left a network: lines of `removed` addresses that carry its own
 * name go, those of `added` come last, and what the container itself wrote there stays.
 */
export function changeHostsFile(
  text: string,
  own: OwnName,
  removed: readonly string[],
  added: readonly string[],
): string {
  const going = new Set(removed.map((address) => ownLine(address, own).trimEnd()));
  const lines = text.split("\n").filter((line) => !going.has(line.trimEnd()));
  const kept = lines.join("\n");
  const whole = kept === "" || kept.endsWith("\n") ? kept : `${kept}\n`;
  return whole + added.map((address) => ownLine(address, own)).join("");
}

/** The two parts of an --add-host value; brackets around an IPv6 address are dropped. */
export function parseExtraHost(entry: string): { name: string; address: string } {
  const at = entry.search(/[:=]/);
  const address = entry.slice(at + 1).replace(/^\[(.*)\]$/, "$1");
  return { name: entry.slice(0, Math.max(0, at)), address };
}

/** A name with dots is followed by its first part. */
function ownLine(address: string, { hostname, domainname }: OwnName): string {
  const full = domainname === "" ? hostname : `${hostname}.${domainname}`;
  const [first = ""] = full.split(".", 1);
  return `${address}\t${first === full ? full : `${full} ${first}`}\n`;
}

const isIPv6Line = (line: string) => (line.split("\t", 1)[0] ?? "").includes(":");
