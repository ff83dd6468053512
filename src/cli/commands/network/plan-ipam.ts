import { isIP } from "node:net";
import type { NetworkIpamConfig } from "../../../spec/api/index.ts";
import { CliError } from "../../core/cli-error.ts";

export interface IpamFlags {
  readonly subnets: readonly string[];
  readonly ranges: readonly string[];
  readonly gateways: readonly string[];
  readonly auxiliary: Readonly<Record<string, string>>;
}

/** Brings ranges, gateways and auxiliary addresses to their subnets. Throws with Docker's texts. Pure. */
export function planIpam({ subnets, ranges, gateways, auxiliary }: IpamFlags): NetworkIpamConfig[] {
  if (subnets.length < ranges.length || subnets.length < gateways.length)
    throw new CliError("every ip-range or gateway must have a corresponding subnet");
  const configs: NetworkIpamConfig[] = [];
  for (const subnet of subnets) {
    if (bitsOf(subnet) === undefined) throw new CliError(`invalid CIDR address: ${subnet}`);
    if (configs.some(({ Subnet: other = "" }) => covers(other, addressOf(subnet)) || covers(subnet, addressOf(other))))
      throw new CliError("multiple overlapping subnet configuration is not supported");
    configs.push({ Subnet: subnet });
  }
  for (const range of ranges) {
    const config = configFor(configs, addressOf(range));
    if (config === undefined) throw new CliError(`no matching subnet for range ${range}`);
    if (config.IPRange)
      throw new CliError(
        `cannot configure multiple ranges (${range}, ${config.IPRange}) on the same subnet (${config.Subnet})`,
      );
    config.IPRange = range;
  }
  for (const gateway of gateways) {
    const config = configFor(configs, gateway);
    if (config === undefined) throw new CliError(`no matching subnet for gateway ${gateway}`);
    if (config.Gateway)
      throw new CliError(
        `cannot configure multiple gateways (${gateway}, ${config.Gateway}) for the same subnet (${config.Subnet})`,
      );
    config.Gateway = gateway;
  }
  for (const [name, address] of Object.entries(auxiliary)) {
    const config = configFor(configs, address);
    if (config === undefined) throw new CliError(`no matching subnet for aux-address ${address}`);
    config.AuxiliaryAddresses = { ...config.AuxiliaryAddresses, [name]: address };
  }
  return configs;
}

const addressOf = (cidr: string) => cidr.split("/", 1)[0] ?? "";

/** An address's bits as text, with the length of its prefix; undefined where it is none. */
function bitsOf(cidr: string): { bits: string; length: number } | undefined {
  const [address = "", length] = cidr.split("/", 2);
  const family = isIP(address);
  if (family === 0) return undefined;
  const most = family === 4 ? 32 : 128;
  const count = length === undefined ? most : Number(length);
  if (!Number.isSafeInteger(count) || count < 0 || count > most) return undefined;
  return { bits: family === 4 ? `4${bits4(address)}` : `6${bits6(address)}`, length: count };
}

const binary = (value: number, width: number) => value.toString(2).padStart(width, "0");
const bits4 = (address: string) =>
  address
    .split(".")
    .map((part) => binary(Number(part), 8))
    .join("");

function bits6(address: string): string {
  const [left = "", right] = address.split("::");
  const words = (part: string) => (part === "" ? [] : part.split(":"));
  const [head, tail] = [words(left), right === undefined ? [] : words(right)];
  const zeros = Array<string>(Math.max(8 - head.length - tail.length, 0)).fill("0");
  return [...head, ...zeros, ...tail].map((word) => binary(Number.parseInt(word, 16), 16)).join("");
}

function covers(subnet: string, address: string): boolean {
  const [outer, inner] = [bitsOf(subnet), bitsOf(address)];
  if (outer === undefined || inner === undefined) return false;
  // One more for the family in front.
  return outer.bits.slice(0, outer.length + 1) === inner.bits.slice(0, outer.length + 1);
}

const configFor = (configs: readonly NetworkIpamConfig[], address: string) =>
  configs.find(({ Subnet: subnet = "" }) => covers(subnet, address));
