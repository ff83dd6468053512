/**
 * The OCI runtime document of a container: a pure function of what the user asked for and what the host was found to be.
 *
 * Vocabulary: *adapt* fills in Docker's defaults, *validate* refuses or warns with Docker's texts, *resolve* looks
 * something up on the host (devices), *build* is pure.
 */
export type { Machine, MachineLimits } from "../../system/index.ts";
export type * from "./input.ts";
export type * from "./oci.ts";
