import { conflict } from "../../lib/index.ts";
import type { ExecInspect } from "../../spec/api/index.ts";
import { type ContainersContext, emitContainer } from "../containers/context.ts";
import type { Execs } from "../engine.ts";
import { createExec } from "./create-exec.ts";
import { createExecRegistry, type Exec } from "./exec-registry.ts";
import { startExec } from "./start-exec.ts";

/** The Execs service. */
export function createExecs(context: ContainersContext): Execs {
  const registry = createExecRegistry();
  return {
    create: async (ref, body) => createExec(context, registry, ref, body),
    start: (id, body) => startExec(context, registry, id, body),
    inspect: async (id) => inspectExec(registry.find(id)),
    async resize(id, size) {
      const exec = registry.find(id);
      if (exec.phase !== "running" || exec.handle === undefined) throw conflict(`exec ${id} is not running`);
      if (exec.body.Tty) await exec.handle.resize(size);
      emitContainer(context, exec.container, "resize", {
        height: String(size.height),
        width: String(size.width),
        execID: id,
      });
    },
  };
}

/** GET /exec/{id}/json. */
function inspectExec({ id, body, container, phase, exitCode, pid }: Exec): ExecInspect {
  const [entrypoint = "", ...args] = body.Cmd ?? [];
  return {
    ID: id,
    Running: phase === "running" || phase === "starting",
    ExitCode: exitCode,
    ProcessConfig: {
      tty: body.Tty === true,
      entrypoint,
      arguments: args,
      privileged: body.Privileged === true,
      ...(body.User ? { user: body.User } : {}),
    },
    OpenStdin: body.AttachStdin === true,
    OpenStderr: body.AttachStderr === true,
    OpenStdout: body.AttachStdout === true,
    CanRemove: false,
    ContainerID: container.id,
    DetachKeys: body.DetachKeys ?? "",
    Pid: pid,
  };
}
