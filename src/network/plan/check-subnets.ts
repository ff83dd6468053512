import { invalid } from "../../lib/index.ts";
import { contains, formatPrefix, type Prefix, parseAddress, parsePrefix, within } from "../address.ts";
import type { IpamConfig } from "../network.ts";

/** Checks what a user wrote of subnets. Throws "invalid" with everything that is wrong, in Docker's words. Pure. */
export function checkSubnets(configs: readonly IpamConfig[], ipv6: boolean): void {
  const wrong = configs.flatMap((config) => problemsOf(config, ipv6));
  if (wrong.length > 0) throw invalid(`invalid network config:\n${wrong.join("\n")}`);
}

function problemsOf(config: IpamConfig, ipv6: boolean): string[] {
  const { Subnet: text = "", IPRange: range, Gateway: gateway, AuxiliaryAddresses: auxiliary } = config;
  if (text === "" && !range && !gateway) return [];
  const subnet = parsePrefix(text);
  if (subnet === undefined) return [`invalid subnet ${text}: invalid CIDR block notation`];
  if (subnet.family === 6 && !ipv6) return [];
  return [
    ...maskProblem("subnet", text, subnet),
    ...(range ? rangeProblems(range, subnet) : []),
    ...(gateway ? addressProblems("gateway", gateway, subnet) : []),
    ...Object.values(auxiliary ?? {}).flatMap((address) => addressProblems("auxiliary address", address, subnet)),
  ];
}

function maskProblem(what: string, text: string, prefix: Prefix): string[] {
  const [address = ""] = text.split("/", 1);
  return parseAddress(address)?.value === prefix.base
    ? []
    : [`invalid ${what} ${text}: it should be ${formatPrefix(prefix)}`];
}

function rangeProblems(text: string, subnet: Prefix): string[] {
  const range = parsePrefix(text);
  if (range === undefined) return [`invalid ip-range ${text}: invalid CIDR block notation`];
  if (range.family !== subnet.family)
    return [`invalid ip-range ${text}: parent subnet is an IPv${subnet.family} block`];
  if (range.length < subnet.length)
    return [`invalid ip-range ${text}: CIDR block is bigger than its parent subnet ${formatPrefix(subnet)}`];
  const mask = maskProblem("ip-range", text, range);
  if (mask.length > 0) return mask;
  return within(range, subnet)
    ? []
    : [`invalid ip-range ${text}: parent subnet ${formatPrefix(subnet)} doesn't contain ip-range`];
}

function addressProblems(what: string, text: string, subnet: Prefix): string[] {
  const address = parseAddress(text);
  if (address === undefined) return [`invalid ${what} ${text}: invalid address`];
  if (address.family !== subnet.family)
    return [`invalid ${what} ${text}: parent subnet is an IPv${subnet.family} block`];
  if (contains(subnet, address)) return [];
  return [`invalid ${what} ${text}: parent subnet ${formatPrefix(subnet)} doesn't contain this address`];
}
