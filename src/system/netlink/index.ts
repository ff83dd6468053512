/** Interfaces, addresses, routes and firewall of a network namespace, by netlink and without other programs. */
export * from "./addresses.ts";
export * from "./links.ts";
export { inNetworkNamespace, openNetworkNamespace } from "./namespace.ts";
export { type Nft, openNft } from "./nft.ts";
export { type ForeignChange, type NftWatch, watchNft } from "./nft-watch.ts";
export { type PortProtocol, type ReservedPort, reservePort } from "./reserve-port.ts";
export { Netlink, withNetlink } from "./socket.ts";
