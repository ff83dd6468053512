import type { ProgramName } from "./context.ts";

/** The Docker CLI whose behaviour this one has. */
const DOCKER_CLI = "28.2.2";
/** Put in by the build. */
declare const BERTH_VERSION: string | undefined;

/** What `version` and `info` say of this client: called by the name docker, it is that docker. */
export function clientVersion(program: ProgramName) {
  const { bun, node } = process.versions;
  return {
    Version:
      program.command === "docker" ? DOCKER_CLI : typeof BERTH_VERSION === "string" ? BERTH_VERSION : "0.0.0-dev",
    GitCommit: "berth",
    GoVersion: "",
    Runtime: bun === undefined ? `node ${node}` : `bun ${bun}`,
    Os: "linux",
    Arch: process.arch === "x64" ? "amd64" : process.arch,
    BuildTime: "",
  };
}
