/** The doctor compares what the records say with the disk and the kernel, explains what differs, and mends what loses nothing. */
export { examine } from "./examine.ts";
export type { DoctorContext } from "./finding.ts";
