import type { UpstreamServer, Upstreams } from "../names/index.ts";

const serversLimit = 3;
const attemptsLimit = 5;
const defaultAttempts = 2;

/** Names a server and the network from which it is asked. */
export const serverKey = ({ address, port, from }: UpstreamServer) => `${from} ${address} ${port ?? 53}`;

/**
 * Which servers to ask, one after the other, until one answers: all of them, `attempts` times. Those that `isSlow` knows
 * for not answering lately come last in each round. From the host nothing is asked for a container that has no way out.
 */
export function tryOrder(
  { servers, external, attempts = defaultAttempts }: Upstreams,
  isSlow: (server: UpstreamServer) => boolean,
): UpstreamServer[] {
  const allowed = servers.filter(({ from }) => external || from === "container").slice(0, serversLimit);
  const round = [...allowed.filter((server) => !isSlow(server)), ...allowed.filter(isSlow)];
  const times = Math.min(Math.max(1, attempts), attemptsLimit);
  return Array.from({ length: times }, () => round).flat();
}
