/** Networks as the API offers them; what applies them is the network room's. */
export { createNetworks } from "./create-networks.ts";
