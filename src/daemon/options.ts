import { isIP } from "node:net";
import { DEFAULT_SOCKET, parseHost } from "../api/transport/index.ts";
import { boolFlag, bytesFlag, type Flag, intFlag, invalid, listFlag, mapFlag, stringFlag } from "../lib/index.ts";

/** How the value of a daemon.json key looks. */
export type JsonKind = "string" | "bool" | "int" | "strings" | "map" | "object" | "size";

/** One setting of the daemon: a flag, a daemon.json key, or both. */
export interface Option {
  /** Key in daemon.json and in the merged settings; the flag's name unless given. */
  readonly key: string;
  readonly json: JsonKind;
  /** undefined where it can only be set in the file. */
  readonly flag?: { readonly name: string; readonly flag: Flag<unknown> };
  /** Set by flag only, as the file's own path is. */
  readonly flagOnly?: boolean;
  /** Whether SIGHUP applies a new value. */
  readonly reloadable?: boolean;
  /** Told where it is set to something else than its default: it has no meaning here. */
  readonly warn?: string;
  /** Told, as an error, where it is set to something: leaving it out would be worse than not starting. */
  readonly refuse?: string;
}

type Extra = Partial<Pick<Option, "key" | "warn" | "refuse" | "reloadable" | "flagOnly">>;

const option = (json: JsonKind, name: string, flag: Flag<never>, extra: Extra = {}): Option => ({
  key: name,
  json,
  flag: { name, flag: flag as Flag<unknown> },
  ...extra,
});
const widen = <T>(flag: Flag<T>) => flag as unknown as Flag<never>;
const text = (
  name: string,
  usage: string,
  extra: Extra & { short?: string; default?: string; check?: (text: string) => string } = {},
) => {
  const { short, default: initial, check, ...rest } = extra;
  const made = stringFlag({
    usage,
    ...(short ? { short } : {}),
    ...(initial === undefined ? {} : { default: initial }),
  });
  return option("string", name, widen(check === undefined ? made : { ...made, parse: check }), rest);
};
const bool = (name: string, usage: string, extra: Extra & { short?: string; default?: boolean } = {}) => {
  const { short, default: initial, ...rest } = extra;
  return option(
    "bool",
    name,
    widen(boolFlag({ usage, ...(short ? { short } : {}), ...(initial ? { default: true } : {}) })),
    rest,
  );
};
const int = (name: string, usage: string, initial: number, extra: Extra = {}) =>
  option("int", name, widen(intFlag({ usage, default: initial })), extra);
const list = (
  name: string,
  usage: string,
  extra: Extra & { short?: string; type?: string; check?: (text: string) => string } = {},
) => {
  const { short, type, check, ...rest } = extra;
  const flag = listFlag({ usage, ...(short ? { short } : {}), ...(type ? { type } : {}), ...(check ? { check } : {}) });
  return option("strings", name, widen(flag), rest);
};
const map = (name: string, usage: string, extra: Extra = {}) => option("map", name, widen(mapFlag({ usage })), extra);

const noUserlandProxy = "ports are published without proxy processes";
const noContainerd = "there is no containerd here";
const noSwarm = "there is no swarm here";
const noProxy = "pulls go to the registries directly";

/** Every setting that dockerd 28 has, and `insecure-tcp`, which it has not. */
export const options: readonly Option[] = [
  // what runs where
  text("config-file", "Daemon configuration file", { default: "/etc/berth/daemon.json", flagOnly: true }),
  bool("validate", "Validate daemon configuration and exit", { flagOnly: true }),
  bool("version", "Print version information and quit", { short: "v", flagOnly: true }),
  text("data-root", "Root directory of persistent state", { default: "/var/lib/berth" }),
  text("exec-root", "Root directory for execution state files", { default: "/run/berth" }),
  text("pidfile", "Path to use for daemon PID file (exec-root/berth.pid unless given)", { short: "p" }),
  bool("debug", "Enable debug mode", { short: "D", reloadable: true }),
  text("log-level", 'Set the logging level ("debug"|"info"|"warn"|"error"|"fatal")', { short: "l", default: "info" }),
  text("log-format", 'Set the logging format ("text"|"json")', { default: "text" }),
  bool("raw-logs", "Full timestamps without ANSI coloring (always so here)"),
  int("shutdown-timeout", "Seconds that requests get to finish at shutdown", 15, { reloadable: true }),
  bool("experimental", "Enable experimental features"),
  list("label", "Set key=value labels to the daemon", { key: "labels", reloadable: true, check: checkLabel }),
  { key: "features", json: "object", reloadable: true, warn: "no feature switches are known here" },

  // who may connect
  list("host", `Daemon socket(s) to connect to (default unix://${DEFAULT_SOCKET})`, {
    key: "hosts",
    short: "H",
    check: checkHost,
  }),
  text("group", "Group for the unix socket (docker or berth, where there is one)", { short: "G" }),
  bool("tls", "Use TLS; implied by --tlsverify"),
  bool("tlsverify", "Use TLS and verify the remote"),
  text("tlscacert", "Trust certs signed only by this CA", { default: "/etc/berth/tls/ca.pem" }),
  text("tlscert", "Path to TLS certificate file", { default: "/etc/berth/tls/cert.pem" }),
  text("tlskey", "Path to TLS key file", { default: "/etc/berth/tls/key.pem" }),
  bool("insecure-tcp", "Let anyone who reaches a TCP address control this machine as root"),
  list("authorization-plugin", "Authorization plugins to load", {
    key: "authorization-plugins",
    refuse: "without its plugin every request would be allowed",
  }),
  text("api-cors-header", "Set CORS headers in the Engine API", { refuse: "web pages are never served" }),

  // containers
  list("add-runtime", "Register an additional OCI compatible runtime", {
    key: "runtimes",
    type: "runtime",
    reloadable: true,
    check: checkRuntime,
  }),
  text("default-runtime", "Default OCI runtime for containers (crun or runc, whichever runs here)", {
    reloadable: true,
  }),
  bool("init", "Run an init in the container to forward signals and reap processes"),
  text("init-path", "Path to the init binary"),
  text("cgroup-parent", "Set parent cgroup for all containers"),
  text("default-cgroupns-mode", 'Default mode for containers cgroup namespace ("host" | "private")', {
    default: "private",
  }),
  text("default-ipc-mode", 'Default mode for containers ipc ("shareable" | "private")', { default: "private" }),
  option(
    "size",
    "default-shm-size",
    widen(bytesFlag({ usage: "Default shm size for containers", default: 64 * 1024 * 1024, defaultText: "64MiB" })),
  ),
  list("default-ulimit", "Default ulimits for containers", { key: "default-ulimits", type: "ulimit" }),
  bool("no-new-privileges", "Set no-new-privileges by default for new containers"),
  text("seccomp-profile", 'Path to seccomp profile; "unconfined" to disable the default profile', {
    default: "builtin",
  }),
  text("log-driver", "Default driver for container logs", { default: "json-file" }),
  map("log-opt", "Default log driver options for containers", { key: "log-opts" }),
  list("dns", "DNS server to use", { type: "ipSlice", check: checkIp }),
  list("dns-opt", "DNS options to use", { key: "dns-opts" }),
  list("dns-search", "DNS search domains to use"),
  list("exec-opt", "Runtime execution options", { key: "exec-opts" }),
  int("cpu-rt-period", "Limit the CPU real-time period of the parent cgroup, microseconds", 0, {
    warn: "real-time budgets are given per container",
  }),
  int("cpu-rt-runtime", "Limit the CPU real-time runtime of the parent cgroup, microseconds", 0, {
    warn: "real-time budgets are given per container",
  }),
  bool("live-restore", "Keep containers alive while the daemon is down (always so here)", {
    default: true,
    reloadable: true,
  }),
  text("userns-remap", "User/Group setting for user namespaces", {
    refuse: "containers would run with the host's user ids",
  }),
  bool("selinux-enabled", "Enable selinux support", { refuse: "containers would run without labels" }),
  bool("rootless", "Enable rootless mode", { refuse: "this daemon needs root" }),
  list("cdi-spec-dir", "CDI specification directories to use", {
    key: "cdi-spec-dirs",
    warn: "devices are given by path",
  }),

  // images
  text("storage-driver", "Storage driver to use (overlay2)", { short: "s" }),
  list("storage-opt", "Storage driver options", { key: "storage-opts" }),
  list("insecure-registry", "Enable insecure registry communication", {
    key: "insecure-registries",
    reloadable: true,
    check: checkRegistry,
  }),
  list("registry-mirror", "Preferred registry mirror", {
    key: "registry-mirrors",
    reloadable: true,
    check: checkMirror,
  }),
  int("max-concurrent-downloads", "Set the max concurrent downloads", 3, { reloadable: true }),
  int("max-concurrent-uploads", "Set the max concurrent uploads", 5, {
    reloadable: true,
    warn: "push is not built yet",
  }),
  int("max-download-attempts", "Set the max download attempts for each pull", 5, {
    reloadable: true,
    warn: "each download is tried five times, from where it broke",
  }),
  list("allow-nondistributable-artifacts", "Allow push of nondistributable artifacts", {
    warn: "push is not built yet",
  }),
  text("http-proxy", "HTTP proxy URL to use for outgoing traffic", { warn: noProxy }),
  text("https-proxy", "HTTPS proxy URL to use for outgoing traffic", { warn: noProxy }),
  text("no-proxy", "Comma-separated list of hosts for which the proxy is skipped", { warn: noProxy }),
  { key: "builder", json: "object", warn: "the builder is not built yet" },

  // networks
  text("bridge", "Attach containers to a network bridge", { short: "b" }),
  text("bip", "Specify network bridge IP"),
  list("default-address-pool", "Default address pools for node specific local networks", {
    key: "default-address-pools",
    type: "pool-options",
  }),
  text("default-gateway", "Container default gateway IPv4 address"),
  text("default-gateway-v6", "Container default gateway IPv6 address"),
  option("object", "default-network-opt", widen(mapFlag({ usage: "Default network options", type: "mapmap" })), {
    key: "default-network-opts",
  }),
  text("fixed-cidr", "IPv4 subnet for fixed IPs"),
  text("fixed-cidr-v6", "IPv6 subnet for fixed IPs"),
  list("host-gateway-ip", "IP address that host-gateway in --add-host resolves to", {
    type: "ip",
    check: checkIp,
  }),
  bool("icc", "Enable inter-container communication", { default: true }),
  text("ip", "Default IP when binding container ports", { default: "0.0.0.0" }),
  bool("ip-forward", "Enable net.ipv4.ip_forward", { default: true }),
  bool("ip-forward-no-drop", "Do not set the filter-FORWARD policy to DROP"),
  bool("ip-masq", "Enable IP masquerading", { default: true }),
  bool("ip6tables", "Enable addition of ip6tables rules", { default: true }),
  bool("iptables", "Enable addition of iptables rules", { default: true }),
  bool("ipv6", "Enable IPv6 networking"),
  bool("allow-direct-routing", "Allow remote access to published ports on container IP addresses"),
  int("mtu", "Set the MTU for the default bridge network", 1500),
  bool("userland-proxy", "Use userland proxy for loopback traffic (never here)", { default: true }),
  text("userland-proxy-path", "Path to the userland proxy binary", { warn: noUserlandProxy }),

  // other parts of dockerd
  text("containerd", "containerd grpc address", { warn: noContainerd }),
  text("containerd-namespace", "Containerd namespace to use", { default: "moby", warn: noContainerd }),
  text("containerd-plugins-namespace", "Containerd namespace to use for plugins", {
    key: "containerd-plugin-namespace",
    default: "plugins.moby",
    warn: noContainerd,
  }),
  bool("cri-containerd", "start containerd with cri", { warn: noContainerd }),
  text("metrics-addr", "Set default address and port to serve the metrics api on", {
    warn: "metrics are not built yet",
  }),
  int("network-control-plane-mtu", "Network Control plane MTU", 1500, { warn: noSwarm }),
  list("node-generic-resource", "Advertise user-defined resource", { key: "node-generic-resources", warn: noSwarm }),
  text("swarm-default-advertise-addr", "Set default address or interface for swarm advertised address", {
    warn: noSwarm,
  }),
];

function checkLabel(label: string): string {
  if (!/^[^=]+=/.test(label)) throw invalid(`bad attribute format: ${label}`);
  return label;
}

function checkHost(host: string): string {
  parseHost(host, { allowPortZero: true });
  return host;
}

function checkIp(address: string): string {
  if (isIP(address) === 0) throw invalid(`invalid string being converted to IP address: ${address}`);
  return address;
}

function checkRuntime(text: string): string {
  const [name = "", path = ""] = text.split("=", 2);
  if (!text.includes("=") || path === "") throw invalid(`invalid runtime argument: ${text}`);
  if (!/^[A-Za-z0-9][A-Za-z0-9_.-]*$/.test(name)) throw invalid(`invalid runtime name: ${name}`);
  if (name === "runc" || name === "crun") throw invalid(`runtime name '${name}' is reserved`);
  return text;
}

function checkMirror(mirror: string): string {
  let url: URL;
  try {
    url = new URL(mirror);
  } catch {
    throw invalid(`invalid mirror: ${JSON.stringify(mirror)} is not a valid URI`);
  }
  if (url.protocol !== "http:" && url.protocol !== "https:")
    throw invalid(
      `invalid mirror: unsupported scheme ${JSON.stringify(url.protocol.slice(0, -1))} in ${JSON.stringify(mirror)}`,
    );
  if (url.username !== "" || url.password !== "" || url.search !== "" || url.hash !== "")
    throw invalid("invalid mirror: credentials, query and fragment are not allowed");
  return `${url.origin}${url.pathname.replace(/\/*$/, "/")}`;
}

function checkRegistry(registry: string): string {
  const bare = registry.replace(/^https?:\/\//i, "");
  if (!/^[A-Za-z0-9.:[\]-]+(?:\/\d+)?$/.test(bare))
    throw invalid(`insecure registry ${registry} is not valid: invalid host "${bare}"`);
  return bare;
}
