import { kindOf } from "../../../lib/index.ts";
import { containerResolvConf, type HostResolver, type ResolverChoice } from "../../../network/dns/index.ts";
import type { Endpoint, Networking, NetworkRecord } from "../../../network/index.ts";
import type { Step } from "./step.ts";

/** How long the kernel has to clear away the interfaces of a step that has ended, in milliseconds. */
const CLEARING = 2000;

/** What steps have of the network. */
export interface StepNetwork {
  /** Reserves an address on the default bridge; undefined where the engine has no such network. */
  join(): StepEndpoint | undefined;
  resolvConf(network: Step["network"]): string;
  /** What "host-gateway" stands for. */
  hostGateways(): string[];
}

export interface StepEndpoint {
  /** Gives the process, which waits to be started, its interface. */
  plug(pid: number): void;
  leave(): void;
}

export interface StepNetworkOptions {
  networking: Networking;
  resolver: HostResolver;
  /** The daemon's --dns options. */
  dns: ResolverChoice;
  background(what: string, work: () => Promise<unknown>): void;
}

/** Steps are on the default bridge, as BuildKit's are in dockerd. */
export function createStepNetwork({ networking, resolver, dns, background }: StepNetworkOptions): StepNetwork {
  return {
    join() {
      const network = defaultBridge(networking);
      if (network === undefined) return undefined;
      const endpoint = networking.allocate(network, { inside: "eth0" });
      return {
        plug: (pid) =>
          networking.plug(
            pid,
            [{ network, endpoint, bridge: networking.bridgeOf(network), hairpin: false }],
            [endpoint],
          ),
        leave() {
          networking.release(endpoint);
          clearLater(endpoint);
        },
      };
    },
    resolvConf(network) {
      if (network === "host") return containerResolvConf(resolver.text(false), dns, "host", false).text;
      return containerResolvConf(resolver.text(true), dns, "bridge", false).text;
    },
    hostGateways: () => networking.hostGateways(),
  };

  /** The kernel takes the interface away with the step's namespace; something may hold that. */
  function clearLater(endpoint: Endpoint): void {
    setTimeout(() => {
      background(`interface ${endpoint.outside}`, () => networking.unplug(endpoint));
    }, CLEARING).unref();
  }
}

function defaultBridge(networking: Networking): NetworkRecord | undefined {
  try {
    return networking.find("bridge");
  } catch (error) {
    if (kindOf(error) === "not-found") return undefined;
    throw error;
  }
}
