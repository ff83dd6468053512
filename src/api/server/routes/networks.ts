import { createHash } from "node:crypto";
import type { Engine } from "../../../engine/index.ts";
import { BerthError, notFound } from "../../../lib/index.ts";
import { acceptedFilters, parseFilters } from "../filters.ts";
import { notBuilt } from "../query.ts";
import { sendJson } from "../reply.ts";
import { type PlainCall, type Route, route } from "../route.ts";

const predefined = [
  { name: "none", driver: "null" },
  { name: "host", driver: "host" },
] as const;

/** The engine's data root, from which it makes the networks' ids; asked for once. */
const roots = new WeakMap<Engine, string>();

async function rootOf(engine: Engine): Promise<string> {
  const known = roots.get(engine);
  if (known !== undefined) return known;
  const root = String((await engine.system.info()).DockerRootDir ?? "");
  roots.set(engine, root);
  return root;
}

/** The id that containers' endpoints on this network name, too. */
const idOf = (root: string, name: string) => createHash("sha256").update(`${root}\0network ${name}`).digest("hex");

/** One of the two networks that need no network driver, as Docker prints it. */
function describe({ name, driver }: (typeof predefined)[number], root: string): Record<string, unknown> {
  return {
    Name: name,
    Id: idOf(root, name),
    Created: created,
    Scope: "local",
    Driver: driver,
    EnableIPv4: true,
    EnableIPv6: false,
    IPAM: { Driver: "default", Options: null, Config: null },
    Internal: false,
    Attachable: false,
    Ingress: false,
    ConfigFrom: { Network: "" },
    ConfigOnly: false,
    Containers: {},
    Options: {},
    Labels: {},
  };
}

/** They are as old as this daemon's process. */
const created = new Date().toISOString();

async function list({ engine, query, reply }: PlainCall): Promise<void> {
  const filters = parseFilters(query.get("filters"), acceptedFilters.networks);
  const root = await rootOf(engine);
  const wanted = (filter: string, test: (value: string) => boolean) => {
    const values = filters.get(filter);
    return values === undefined || values.length === 0 || values.some(test);
  };
  const shown = predefined.filter(
    ({ name, driver }) =>
      wanted("name", (value) => name.includes(value)) &&
      wanted("id", (value) => idOf(root, name).startsWith(value)) &&
      wanted("driver", (value) => value === driver) &&
      wanted("scope", (value) => value === "local") &&
      wanted("type", (value) => value === "builtin") &&
      wanted("dangling", (value) => value === "false" || value === "0") &&
      wanted("label", () => false),
  );
  sendJson(
    reply,
    shown.map((network) => describe(network, root)),
  );
}

function find(root: string, ref: string): (typeof predefined)[number] {
  const found =
    predefined.find(({ name }) => name === ref) ??
    predefined.find(({ name }) => ref !== "" && idOf(root, name).startsWith(ref));
  if (found === undefined) throw notFound(`network ${ref} not found`);
  return found;
}

async function inspect({ engine, params, reply }: PlainCall): Promise<void> {
  const root = await rootOf(engine);
  const network = find(root, params.id ?? "");
  const containers = await engine.containers.list({ all: false, size: false, filters: new Map() });
  const members = containers.filter((container) => container.HostConfig.NetworkMode === network.name);
  const endpoints = members.map((container) => [
    container.Id,
    {
      Name: (container.Names[0] ?? "").replace(/^\//, ""),
      EndpointID: container.NetworkSettings.Networks[network.name]?.EndpointID ?? "",
      MacAddress: "",
      IPv4Address: "",
      IPv6Address: "",
    },
  ]);
  sendJson(reply, { ...describe(network, root), Containers: Object.fromEntries(endpoints) });
}

async function remove({ engine, params }: PlainCall): Promise<void> {
  const { name } = find(await rootOf(engine), params.id ?? "");
  throw new BerthError("forbidden", `${name} is a pre-defined network and cannot be removed`);
}

async function prune({ query, reply }: PlainCall): Promise<void> {
  parseFilters(query.get("filters"), acceptedFilters.networksPrune);
  sendJson(reply, { NetworksDeleted: null });
}

const unbuilt = (verb: string) =>
  route("POST", `/networks/${verb}`, () => Promise.reject(notBuilt(`POST /networks/${verb}`)));

export const networkRoutes: readonly Route[] = [
  route("GET", "/networks", list),
  unbuilt("create"),
  route("POST", "/networks/prune", prune, "1.25"),
  unbuilt("{id}/connect"),
  unbuilt("{id}/disconnect"),
  route("GET", "/networks/{id}", inspect),
  route("DELETE", "/networks/{id}", remove),
];
