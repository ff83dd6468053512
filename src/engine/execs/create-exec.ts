import { invalid, randomHex } from "../../lib/index.ts";
import type { ExecCreateBody } from "../../spec/api/index.ts";
import { parseDetachKeys } from "../containers/attach/detach-keys.ts";
import { type ContainersContext, emitContainer, subjectOf } from "../containers/context.ts";
import { checkExec } from "../containers/transitions.ts";
import type { Exec, ExecRegistry } from "./exec-registry.ts";

/** A limit on what was created and never started: each one is memory. */
const MAX_WAITING = 10_000;

/** POST /containers/{id}/exec. */
export function createExec(
  context: ContainersContext,
  registry: ExecRegistry,
  ref: string,
  body: ExecCreateBody,
): { Id: string } {
  const container = context.registry.find(ref);
  checkExec(subjectOf(container), ref);
  if ((body.Cmd?.length ?? 0) === 0) throw invalid("No exec command specified");
  checkTexts(body);
  parseDetachKeys(body.DetachKeys);
  if (container.execs.size >= MAX_WAITING) throw invalid(`container ${container.id} has ${MAX_WAITING} execs already`);
  const exec: Exec = {
    id: randomHex(32),
    container,
    body,
    phase: "created",
    handle: undefined,
    exitCode: null,
    pid: 0,
  };
  context.runtime.warmUp();
  registry.add(exec);
  emitContainer(context, container, `exec_create: ${commandLine(body)}`, { execID: exec.id });
  return { Id: exec.id };
}

/** Docker's text of an exec's command in events: entrypoint, a space, arguments. */
export function commandLine({ Cmd: cmd }: ExecCreateBody): string {
  const [entrypoint = "", ...args] = cmd ?? [];
  return `${entrypoint} ${args.join(" ")}`;
}

function checkTexts(body: ExecCreateBody): void {
  const { Env: env, Cmd: cmd, WorkingDir: workdir = "", User: user = "" } = body;
  for (const entry of env ?? []) {
    if (entry === "" || entry.startsWith("=")) throw invalid(`invalid environment variable: ${entry}`);
  }
  if ([...(env ?? []), ...(cmd ?? []), workdir, user].some((text) => text.includes("\0"))) {
    throw invalid("invalid NUL byte in the exec's configuration");
  }
}
