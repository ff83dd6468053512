import { buildProcess, checkWorkingDirectory, type OciProcess } from "../../runtime/index.ts";
import type { ExecCreateBody } from "../../spec/api/index.ts";
import type { Container } from "./container.ts";
import type { ContainersContext } from "./context.ts";
import { hostnameOf, rootfsOf } from "./start/launch.ts";
import { userIn } from "./start/root-file-system.ts";

/** The process of an exec in a container that runs: what the body leaves out is the container's own. */
export function execProcess(
  context: ContainersContext,
  container: Container,
  body: ExecCreateBody,
  consoleSize?: [number, number] | null,
): OciProcess {
  const { config, hostConfig } = container.record;
  // Groups that were added to the container are its own user's, not another's.
  const groups = body.User ? [] : (hostConfig.GroupAdd ?? []);
  const root = rootfsOf(context, container.id);
  const user = userIn(root, body.User || config.User || "", groups);
  const cwd = body.WorkingDir || config.WorkingDir || "/";
  checkWorkingDirectory(root, cwd);
  return buildProcess({
    config,
    hostConfig,
    user,
    hostname: hostnameOf(context, container),
    args: body.Cmd ?? [],
    env: body.Env ?? [],
    cwd,
    tty: body.Tty === true,
    consoleSize: consoleSize ?? body.ConsoleSize ?? undefined,
    privileged: body.Privileged === true,
    machine: context.machine,
    defaults: context.settings.spec,
  });
}
