/** IP addresses as bytes. */
export { addressBytes } from "./address-bytes.ts";
