import type { EndpointSettings, StringMap } from "./container.ts";

export interface NetworkIpamConfig {
  Subnet?: string;
  IPRange?: string;
  Gateway?: string;
  AuxiliaryAddresses?: StringMap | null;
}

export interface NetworkIpam {
  Driver?: string;
  Options?: StringMap | null;
  Config?: NetworkIpamConfig[] | null;
}

/** Body of POST /networks/create. */
export interface NetworkCreateBody {
  Name?: string;
  CheckDuplicate?: boolean;
  Driver?: string;
  Scope?: string;
  EnableIPv4?: boolean;
  EnableIPv6?: boolean;
  IPAM?: NetworkIpam | null;
  Internal?: boolean;
  Attachable?: boolean;
  Ingress?: boolean;
  ConfigOnly?: boolean;
  ConfigFrom?: { Network?: string } | null;
  Options?: StringMap | null;
  Labels?: StringMap | null;
}

export interface NetworkCreateResponse {
  Id: string;
  Warning: string;
}

/** One of inspect's `.Containers`, by container id. */
export interface NetworkContainer {
  Name: string;
  EndpointID: string;
  MacAddress: string;
  IPv4Address: string;
  IPv6Address: string;
}

export interface NetworkInspect {
  Name: string;
  Id: string;
  Created: string;
  Scope: "local";
  Driver: string;
  EnableIPv4: boolean;
  EnableIPv6: boolean;
  IPAM: { Driver: string; Options: StringMap | null; Config: NetworkIpamConfig[] | null };
  Internal: boolean;
  Attachable: boolean;
  Ingress: boolean;
  ConfigFrom: { Network: string };
  ConfigOnly: boolean;
  Containers: Record<string, NetworkContainer>;
  Options: StringMap;
  Labels: StringMap;
}

/** Body of POST /networks/{id}/connect. */
export interface NetworkConnectBody {
  Container?: string;
  EndpointConfig?: EndpointSettings | null;
}

/** Body of POST /networks/{id}/disconnect. */
export interface NetworkDisconnectBody {
  Container?: string;
  Force?: boolean;
}

export interface NetworksPruneResponse {
  NetworksDeleted: string[] | null;
}
