import { readFileSync, writeFileSync } from "node:fs";
import type { BuildFailure, BuildResult } from "../../spec/api/index.ts";
import { CliError } from "../core/cli-error.ts";
import type { Context } from "../core/context.ts";
import type { BuildPlan } from "./build-plan.ts";
import { dockerfilePath } from "./context/read-dockerfile.ts";
import { type BuildDisplay, createDisplay } from "./display.ts";
import { excerpt } from "./excerpt.ts";
import { failure } from "./fail.ts";
import { type OutputSink, openOutput } from "./local-output.ts";
import { allCredentials } from "./registry-config.ts";
import { checkReport, warningSummary } from "./warnings.ts";
import type { BuildConnection, BuildEnd } from "./wire/build-connection.ts";
import { buildRequest } from "./wire/build-request.ts";
import { prepareContexts } from "./wire/prepare-contexts.ts";

/** Runs a build on Berth's builder and shows it. A build that fails is thrown, with the lines that it failed at. */
export async function buildGraph(
  context: Context,
  plan: BuildPlan,
  connection: BuildConnection,
): Promise<{ result: BuildResult; exitCode: number }> {
  const display = createDisplay(context, plan.progress);
  const stop = onInterrupt(() => connection.close());
  try {
    const end = await exchange(context, plan, connection, display);
    display.finish();
    if ("error" in end) throw failed(end.error, context);
    if (end.result.fixed !== undefined) applyFix(context, plan, end.result.fixed);
    return { result: end.result, exitCode: report(context, plan, display) };
  } catch (error) {
    display.finish();
    if (stop.interrupted()) throw new CliError("ERROR: failed to solve: Canceled: context canceled", 130);
    throw error;
  } finally {
    stop.remove();
    connection.close();
  }
}

async function exchange(
  context: Context,
  plan: BuildPlan,
  connection: BuildConnection,
  display: BuildDisplay,
): Promise<BuildEnd> {
  const prepared = await prepareContexts(context, plan);
  const sink = await sinkOf(context, plan);
  const ssh = plan.ssh.length === 0 ? undefined : await sshChannels(plan, connection);
  const shell = plan.debug === undefined ? undefined : await debugShell(context, connection, display);
  connection.request(
    buildRequest(plan, prepared.contexts, {
      auths: await allCredentials(context),
      epoch: context.env.SOURCE_DATE_EPOCH,
    }),
  );
  const sending = prepared.archive === undefined ? undefined : connection.sendContext(prepared.archive);
  sending?.catch(() => connection.close());
  try {
    const end = await connection.run({
      event: (status) => display.event(status),
      ssh: (channel, data) => ssh?.receive(channel, data),
      shell: (data) => shell?.output(data),
      output: (data) => sink?.write(data),
      sshOpened: (channel, id) => ssh?.announce(channel, id),
      shellState: (state) => shell?.state(state),
    });
    if ("result" in end) sink?.finish();
    else sink?.abort();
    return end;
  } catch (error) {
    sink?.abort();
    throw error;
  } finally {
    ssh?.close();
    shell?.close();
  }
}

async function sinkOf(context: Context, plan: BuildPlan): Promise<OutputSink | undefined> {
  const local = plan.outputs.find(({ destination }) => destination !== undefined);
  return local === undefined ? undefined : openOutput(context, local);
}

async function sshChannels(plan: BuildPlan, connection: BuildConnection) {
  const { SshChannels } = await import("./wire/ssh-channels.ts");
  return new SshChannels(plan.ssh, connection);
}

async function debugShell(context: Context, connection: BuildConnection, display: BuildDisplay) {
  const { DebugShell } = await import("./wire/debug-shell.ts");
  return new DebugShell(context, connection, display);
}

/** Writes the Dockerfile that `--check --fix` made of the old one. */
function applyFix(context: Context, plan: BuildPlan, fixed: string): void {
  if (plan.context.kind !== "folder" || plan.flags.file === "-")
    throw failure("--fix needs a Dockerfile in a folder of this machine");
  const path = dockerfilePath(plan.context.path, plan.flags.file);
  const bytes = Buffer.from(fixed, "base64");
  if (bytes.equals(readFileSync(path))) return;
  // In place: the file keeps its owner and mode, and a link to it stays one.
  writeFileSync(path, bytes);
  context.out.write(`Fixed ${path}\n`);
}

function report(context: Context, plan: BuildPlan, display: BuildDisplay): number {
  const { warnings } = display.trace;
  if (plan.call === "check") {
    context.out.write(checkReport(warnings, context.out.fd));
    return warnings.length === 0 ? 0 : 1;
  }
  if (display.mode === "plain" || display.mode === "tty") context.err.write(warningSummary(context, warnings));
  return 0;
}

function failed({ message, source, hint }: BuildFailure, context: Context): CliError {
  if (source !== undefined) {
    const text = Buffer.from(source.data, "base64").toString("utf8");
    context.err.write(
      excerpt({ filename: source.filename, text, start: source.start, end: source.end, at: source.at }),
    );
  }
  const text = `ERROR: ${message.startsWith("failed to solve") ? "" : "failed to solve: "}${message}`;
  return new CliError(hint === undefined ? text : `${text}\n${hint}`);
}

/** Ends the build on the first ctrl-c, this program on the second. */
function onInterrupt(close: () => void) {
  let interrupted = false;
  const handler = () => {
    if (interrupted) process.exit(130);
    interrupted = true;
    close();
  };
  process.on("SIGINT", handler);
  process.on("SIGTERM", handler);
  return {
    interrupted: () => interrupted,
    remove: () => {
      process.off("SIGINT", handler);
      process.off("SIGTERM", handler);
    },
  };
}
