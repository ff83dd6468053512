/** Seccomp: profiles in Docker's format, and what they come to for one container. */
export { compileProfile, type SeccompTarget } from "./compile.ts";
export { defaultProfile } from "./default-profile.ts";
export { type Profile, parseProfile } from "./profile.ts";
