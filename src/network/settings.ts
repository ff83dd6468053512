import type { AddressPool } from "./ipam/choose-pool.ts";

/** What the daemon's configuration says of networks. */
export interface NetworkSettings {
  /** Name of a bridge of the user's own for the default network, "none" for no default network. */
  readonly bridge: string | undefined;
  /** The default bridge's address: "172.26.0.1/24". */
  readonly bip: string | undefined;
  readonly fixedCidr: string | undefined;
  readonly fixedCidrV6: string | undefined;
  readonly defaultGateway: string | undefined;
  readonly defaultGatewayV6: string | undefined;
  /** Empty: the default pools. */
  readonly pools: readonly AddressPool[];
  readonly icc: boolean;
  /** False: Berth touches no firewall and no routing rule; isolation and published ports are the user's affair. */
  readonly firewall: boolean;
  readonly forward: boolean;
  /** Forwarding between the host's own interfaces stays possible where the daemon has turned it on. */
  readonly forwardAll: boolean;
  readonly masquerade: boolean;
  readonly ipv6: boolean;
  readonly mtu: number;
  /** Where a published port listens unless it says so itself. */
  readonly publishOn: string;
  readonly hostGateways: readonly string[];
  readonly directRouting: boolean;
  /** Options of new networks by driver. */
  readonly defaultOptions: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

export const DEFAULT_SETTINGS: NetworkSettings = {
  bridge: undefined,
  bip: undefined,
  fixedCidr: undefined,
  fixedCidrV6: undefined,
  defaultGateway: undefined,
  defaultGatewayV6: undefined,
  pools: [],
  icc: true,
  firewall: true,
  forward: true,
  forwardAll: false,
  masquerade: true,
  ipv6: false,
  mtu: 1500,
  publishOn: "0.0.0.0",
  hostGateways: [],
  directRouting: false,
  defaultOptions: {},
};
