/** The files that lead a container to its names: /etc/resolv.conf and /etc/hosts; and the host's, that they start from. */
export {
  type ContainerResolvConf,
  containerResolvConf,
  type ResolverChoice,
  type ResolverKind,
} from "./container-resolv-conf.ts";
export { createHostResolver, type HostResolver } from "./host-resolver.ts";
export { changeHostsFile, type HostsFileOptions, hostsFile, type OwnName, parseExtraHost } from "./hosts-file.ts";
