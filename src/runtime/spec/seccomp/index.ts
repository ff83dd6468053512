/** Seccomp: profiles in Docker's format, and what they come to for one container. */
export { compileProfile } from "./compile.ts";
export { defaultProfile } from "./default-profile.ts";
export { parseProfile } from "./profile.ts";
