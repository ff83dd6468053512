import { BerthError } from "../../../lib/index.ts";
import { notBuilt } from "../query.ts";
import { sendJson } from "../reply.ts";
import { type Method, type Route, route } from "../route.ts";

/** Endpoints of the Engine API that are not built; each answers 501 and names itself. */
const unbuilt: readonly (readonly [Method, string])[] = [
  ["GET", "/containers/{id}/checkpoints"],
  ["POST", "/containers/{id}/checkpoints"],
  ["DELETE", "/containers/{id}/checkpoints/{checkpoint}"],
  ["POST", "/build/cancel"],
  ["GET", "/berth/build/cache/archive"],
  ["POST", "/berth/build/cache/archive"],
  ["POST", "/session"],
  ["POST", "/grpc"],
  ["GET", "/images/search"],
  ["POST", "/images/{name...}/push"],
  ["GET", "/distribution/{name...}/json"],
  ["GET", "/plugins/privileges"],
  ["GET", "/plugins/{name...}/json"],
  ["POST", "/plugins/{rest...}"],
  ["DELETE", "/plugins/{name...}"],
  ["POST", "/swarm/init"],
  ["POST", "/swarm/join"],
];

/** What Docker answers on a node without a swarm; clients know the text. */
const notManager =
  'This node is not a swarm manager. Use "docker swarm init" or "docker swarm join" to connect this node to swarm and try again.';

const swarm: readonly (readonly [Method, string])[] = [
  ...(["swarm", "nodes", "services", "tasks", "secrets", "configs"] as const).flatMap((name): [Method, string][] => [
    ["GET", `/${name}`],
    ["GET", `/${name}/{rest...}`],
    ["POST", `/${name}/{rest...}`],
    ["DELETE", `/${name}/{rest...}`],
  ]),
  ["PUT", "/volumes/{name...}"],
];

export const unbuiltRoutes: readonly Route[] = [
  route("GET", "/plugins", async ({ reply }) => sendJson(reply, [])),
  ...unbuilt.map(([method, path]) =>
    route(method, path, () => Promise.reject(notBuilt(`${method} ${path.replace("...", "")}`))),
  ),
  ...swarm.map(([method, path]) =>
    route(method, path, () => Promise.reject(new BerthError("unavailable", notManager))),
  ),
];
