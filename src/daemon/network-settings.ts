import { isIP } from "node:net";
import { invalid } from "../lib/index.ts";
import type { AddressPool, NetworkSettings } from "../network/index.ts";
import { isRecord, type Settings } from "./settings.ts";

/** Reads what the configuration says of networks. Fails "invalid", naming the setting. */
export function networkSettingsOf(settings: Settings, read: SettingsReader): NetworkSettings {
  const bridge = read.optional("bridge");
  const bip = read.optional("bip");
  if (bridge !== undefined && bip !== undefined)
    throw invalid("You specified -b & --bip, mutually exclusive options. Please specify only one");
  const firewall = read.flag("iptables");
  if (!firewall && !read.flag("icc"))
    throw invalid(
      "You specified --iptables=false with --icc=false. ICC=false uses iptables to function. Please set --icc or --iptables to true",
    );
  return {
    bridge,
    bip: cidr(bip, "bip"),
    fixedCidr: cidr(read.optional("fixed-cidr"), "fixed-cidr"),
    fixedCidrV6: cidr(read.optional("fixed-cidr-v6"), "fixed-cidr-v6"),
    defaultGateway: address(read.optional("default-gateway"), "default-gateway"),
    defaultGatewayV6: address(read.optional("default-gateway-v6"), "default-gateway-v6"),
    pools: poolsOf(settings.get("default-address-pools") ?? []),
    icc: read.flag("icc"),
    firewall,
    forward: read.flag("ip-forward"),
    forwardAll: read.flag("ip-forward-no-drop"),
    masquerade: read.flag("ip-masq"),
    ipv6: read.flag("ipv6"),
    mtu: read.int("mtu", 0, "MTU") || 1500,
    publishOn: address(read.optional("ip"), "ip") ?? "0.0.0.0",
    hostGateways: hostGatewaysOf(settings),
    directRouting: read.flag("allow-direct-routing"),
    defaultOptions: defaultOptionsOf(settings.get("default-network-opts")),
  };
}

/** What is needed of the typed access to settings. */
export interface SettingsReader {
  optional(key: string): string | undefined;
  flag(key: string): boolean;
  int(key: string, minimum: number, what: string): number;
}

function cidr(text: string | undefined, key: string): string | undefined {
  if (text === undefined) return undefined;
  const [host = "", length = ""] = text.split("/", 2);
  const family = isIP(host);
  if (family === 0 || !/^\d{1,3}$/.test(length) || Number(length) > (family === 4 ? 32 : 128))
    throw invalid(`invalid ${key}: invalid CIDR address: ${text}`);
  return text;
}

function address(text: string | undefined, key: string): string | undefined {
  if (text !== undefined && isIP(text) === 0) throw invalid(`invalid ${key}: ${text} is no IP address`);
  return text;
}

function hostGatewaysOf(settings: Settings): string[] {
  const list = (settings.get("host-gateway-ips") ?? settings.get("host-gateway-ip") ?? []) as string[];
  for (const family of [4, 6])
    if (list.filter((each) => isIP(each) === family).length > 1)
      throw invalid(`invalid host-gateway-ip: only one IPv${family} address can be given`);
  return list;
}

/** "base=10.0.0.0/8,size=24" from flags, `{base, size}` from the file. */
function poolsOf(value: unknown): AddressPool[] {
  if (!Array.isArray(value)) throw invalid("default-address-pools must be a list");
  return value.map((entry: unknown) => {
    const { base, size } = typeof entry === "string" ? poolOf(entry) : isRecord(entry) ? entry : {};
    if (typeof base !== "string" || !Number.isSafeInteger(size))
      throw invalid("default-address-pools: base and size are needed");
    cidr(base, "default-address-pools");
    const length = Number(base.split("/", 2)[1]);
    if (Number(size) < length || Number(size) > (base.includes(":") ? 128 : 32))
      throw invalid(`default-address-pools: invalid size ${String(size)} for ${base}`);
    return { base, size: Number(size) };
  });
}

function poolOf(text: string): { base?: string; size?: number } {
  const parts = Object.fromEntries(text.split(",").map((part) => part.split("=", 2))) as Record<string, string>;
  return { ...(parts.base ? { base: parts.base } : {}), ...(parts.size ? { size: Number(parts.size) } : {}) };
}

/** "bridge=key=value" from flags, `{driver: {key: value}}` from the file. */
function defaultOptionsOf(value: unknown): Record<string, Record<string, string>> {
  const found: Record<string, Record<string, string>> = {};
  for (const [driver, entry] of Object.entries(isRecord(value) ? value : {})) {
    if (typeof entry === "string") {
      const [key = "", text = ""] = entry.split("=", 2);
      found[driver] = { ...found[driver], [key]: text };
    } else if (isRecord(entry)) {
      const texts = Object.entries(entry).filter((each): each is [string, string] => typeof each[1] === "string");
      found[driver] = Object.fromEntries(texts);
    }
  }
  return found;
}
