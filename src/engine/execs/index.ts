/** Further processes in a running container. */
export { createExecs } from "./create-execs.ts";
