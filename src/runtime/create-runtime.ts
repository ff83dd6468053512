import { join } from "node:path";
import { cgroupView, isAlive, isFrozen, killTree, sendSignal, setFrozen, watchExit } from "../system/index.ts";
import { connectHub, type Hub } from "./attach/hub.ts";
import { stdinReaders } from "./attach/stdin-pipe.ts";
import { type ContextOptions, createContext, type DriverContext, runtimeCommand } from "./driver/context.ts";
import { createContainer } from "./driver/create.ts";
import { cleanUpContainer, deleteContainer } from "./driver/delete.ts";
import { execInContainer } from "./driver/exec.ts";
import { createExits, endAll } from "./driver/exit.ts";
import { startContainer } from "./driver/start.ts";
import { updateResources } from "./driver/update.ts";
import { createRotation } from "./logs/rotation.ts";
import { monitorFiles } from "./monitor/arguments.ts";
import { setWindowSize } from "./monitor/control.ts";
import type { RunningHandle, Runtime } from "./runtime.ts";

/** The driver over conmon and the configured OCI runtimes. It starts no process and touches nothing before it is asked. */
export function createRuntime(options: ContextOptions): Runtime {
  const context = createContext(options);
  const exits = createExits(context);
  const rotation = createRotation();
  const hubs = new Map<string, Promise<Hub>>();

  /** From here on the container is looked after: its end is watched and its log kept short. */
  const lookAfter = (handle: RunningHandle) => {
    rotation.add(handle);
    void exits.onExit(handle).then(() => rotation.remove(handle));
  };

  return {
    names: context.names,
    defaultName: context.defaultName,
    warmUp: context.warmUp,
    async create(createOptions) {
      const handle = await createContainer(context, createOptions);
      lookAfter(handle);
      return handle;
    },
    start: (handle) => startContainer(context, handle),
    kill: (handle, signal) => sendSignal(handle.pid, handle.pidStart, signal),
    async killAll(handle) {
      await endAll(context, handle);
    },
    pause: (handle) => freeze(context, handle, true),
    resume: (handle) => freeze(context, handle, false),
    isPaused: (handle) => isFrozen(context.cgroups, handle.cgroupPath) === true,
    update: (handle, resources) => updateResources(context, handle, resources),
    pids: (handle) => cgroupView(context.cgroups, handle.cgroupPath).processes(),
    async delete(handle) {
      rotation.remove(handle);
      await deleteContainer(context, exits, handle);
    },
    cleanUp: (remnant) => cleanUpContainer(context, remnant),
    adopt(handle) {
      lookAfter(handle);
      return isAlive(handle.monitorPid, handle.monitorStart);
    },
    onExit: (handle) => exits.onExit(handle),
    attach: async (handle, streams) => (await hubOf(hubs, handle)).attach(streams),
    resize: (handle, size) => setWindowSize(handle.bundle, size),
    killProcess: (handle, { pid, start }) =>
      killTree(pid, start, () => cgroupView(context.cgroups, handle.cgroupPath).processes()),
    exec: (handle, execOptions) => execInContainer(context, handle, execOptions),
    close() {
      rotation.close();
      exits.close();
      context.close();
      for (const hub of hubs.values()) void hub.then((open) => open.close());
    },
  };
}

/** As crun and runc do it themselves; other runtimes may have their own way (a virtual machine's, say). */
async function freeze(context: DriverContext, handle: RunningHandle, frozen: boolean): Promise<void> {
  const runtime = context.runtime(handle.runtime);
  if ((await context.kind(runtime)) !== "other") await setFrozen(context.cgroups, handle.cgroupPath, frozen);
  else await runtimeCommand(runtime, [frozen ? "pause" : "resume", handle.id]);
}

/** The one connection to a container's monitor, made by the first who attaches. */
function hubOf(hubs: Map<string, Promise<Hub>>, handle: RunningHandle): Promise<Hub> {
  const socket = join(handle.bundle, monitorFiles.attach);
  const existing = hubs.get(socket);
  if (existing !== undefined) return existing;
  let closed = false;
  let hub: Promise<Hub> | undefined;
  hub = connectHub({
    socket,
    tty: handle.terminal,
    stdin: handle.stdin,
    stdinHasReader: stdinReaders(handle.monitorPid),
    watchProcess: () => watchExit(handle.pid, handle.pidStart),
    onClose: () => {
      // Within the call where nobody listens any more: the next run has its socket at the same place.
      closed = true;
      if (hub !== undefined && hubs.get(socket) === hub) hubs.delete(socket);
    },
  });
  if (!closed) hubs.set(socket, hub);
  hub.catch(() => hubs.delete(socket));
  return hub;
}
