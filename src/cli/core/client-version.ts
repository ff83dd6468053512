/** What `version` and `info` say of this client. The version is the Docker CLI's whose behaviour it has. */
export const CLIENT = {
  Version: "28.2.2",
  Berth: "0.1.0",
  GitCommit: "berth",
  Runtime: process.versions.bun === undefined ? `node ${process.versions.node}` : `bun ${process.versions.bun}`,
  Os: "linux",
  Arch: process.arch === "x64" ? "amd64" : process.arch,
};
