/**
 * Files for the builder: what COPY, ADD and WORKDIR do with a mounted root. Every path is resolved inside its root by the
 * kernel, and all work is done below open descriptors, whoever changes a source meanwhile.
 */
export type { CopyRequest, FileSelection } from "./copy-request.ts";
export { createFileOps, type FileOps } from "./create-file-ops.ts";
export { createRemoteSources, type RemoteSources } from "./remote-sources.ts";
