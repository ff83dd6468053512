import type { Containers } from "../engine.ts";
import { attachContainer } from "./attach-container.ts";
import { commitContainer } from "./commit-container.ts";
import { containerChanges } from "./container-changes.ts";
import { containerLogs } from "./container-logs.ts";
import type { ContainersContext } from "./context.ts";
import { readArchive, statPath } from "./copy/read-archive.ts";
import { writeArchive } from "./copy/write-archive.ts";
import { createContainer } from "./create-container.ts";
import { exportContainer } from "./export-container.ts";
import { inspectContainer } from "./inspect-container.ts";
import { killContainer } from "./kill-container.ts";
import { listContainers } from "./list-containers.ts";
import { pauseContainer, unpauseContainer } from "./pause-container.ts";
import { pruneContainers } from "./prune-containers.ts";
import { recreateContainer } from "./recreate/recreate-container.ts";
import { removeContainer } from "./remove-container.ts";
import { renameContainer } from "./rename-container.ts";
import { resizeContainer } from "./resize-container.ts";
import { startContainer } from "./start-container.ts";
import { restartContainer, stopContainer } from "./stop-container.ts";
import { waitContainer } from "./wait-container.ts";

/** The Containers service: each verb finds its container and does its work in a file of its own. */
export function createContainers(context: ContainersContext): Containers {
  const find = (ref: string) => context.registry.find(ref);
  return {
    create: (options) => createContainer(context, options),
    list: (options) => listContainers(context, options),
    inspect: async (ref, options) => inspectContainer(context, find(ref), options),
    start: async (ref) => startContainer(context, find(ref)),
    stop: async (ref, options) => stopContainer(context, find(ref), options),
    restart: async (ref, options) => restartContainer(context, find(ref), options),
    kill: async (ref, { signal }) => killContainer(context, ref, signal || "KILL"),
    pause: async (ref) => pauseContainer(context, find(ref)),
    unpause: async (ref) => unpauseContainer(context, find(ref)),
    rename: async (ref, name) => renameContainer(context, find(ref), name),
    remove: async (ref, options) => removeContainer(context, find(ref), options),
    wait: async (ref, condition, signal) => ({ result: waitContainer(find(ref), condition, signal) }),
    attach: async (ref, options) => attachContainer(context, find(ref), ref, options),
    logs: async (ref, options, signal) => containerLogs(context, find(ref), options, signal),
    resize: async (ref, size) => resizeContainer(context, find(ref), size),
    statPath: async (ref, path) => statPath(context, find(ref), ref, path),
    readArchive: async (ref, path, signal) => readArchive(context, find(ref), { ref, path, signal }),
    writeArchive: async (ref, path, archive, options, signal) =>
      writeArchive(context, find(ref), archive, { ...options, ref, path, signal }),
    changes: async (ref) => containerChanges(context, find(ref)),
    export: async (ref, signal) => exportContainer(context, find(ref), signal),
    commit: async (ref, options) => commitContainer(context, find(ref), options),
    recreate: async (ref, body, options) => recreateContainer(context, find(ref), body, options),
    prune: (filters) => pruneContainers(context, filters),
  };
}
