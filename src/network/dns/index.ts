/**
 * The DNS server that answers at 127.0.0.11 inside each container on a user network, and the files that lead there.
 *
 * The engine keeps one name table for each network and gives each container a view of those that it is on; `serve` opens
 * the server's sockets inside the container's network namespace. Names that no table has go to upstream servers.
 */
export {
  type ContainerResolvConf,
  changeHostsFile,
  containerResolvConf,
  createHostResolver,
  type HostResolver,
  type HostsFileOptions,
  hostsFile,
  type OwnName,
  type ResolverChoice,
  type ResolverKind,
} from "./files/index.ts";
export {
  createNameTable,
  type EndpointNames,
  type NameTable,
  type NameView,
  type NetworkView,
  nameKey,
  type UpstreamServer,
  type Upstreams,
} from "./names/index.ts";
export {
  createNameServer,
  type NameServer,
  type NameServerOptions,
  type ServeOptions,
  type Serving,
} from "./serve/name-server.ts";
export { NAME_SERVER_ADDRESS } from "./serve/open-sockets.ts";
