import { CliError } from "../core/cli-error.ts";
import type { Context } from "../core/context.ts";
import type { BuildPlan } from "./build-plan.ts";
import { type BuildDisplay, createDisplay } from "./display.ts";
import { excerpt } from "./excerpt.ts";
import { type OutputSink, openOutput } from "./local-output.ts";
import { allCredentials } from "./registry-config.ts";
import { checkReport, warningSummary } from "./warnings.ts";
import type { BuildConnection, BuildEnd, BuildError, BuildResult } from "./wire/build-connection.ts";
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
  connection.request(buildRequest(plan, prepared.contexts, await allCredentials(context)));
  const sending = prepared.archive === undefined ? undefined : connection.sendContext(prepared.archive);
  sending?.catch(() => connection.close());
  try {
    const end = await connection.run({
      event: (status) => display.event(status),
      ssh: (channel, data) => ssh?.receive(channel, data),
      shell: (data) => shell?.output(data),
      output: (data) => sink?.write(data),
      other: (message) => {
        const opened = message.ssh as { channel?: number; id?: string } | undefined;
        if (typeof opened?.channel === "number") ssh?.announce(opened.channel, opened.id ?? "default");
        if (message.shell !== undefined) shell?.message(message.shell);
      },
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

function report(context: Context, plan: BuildPlan, display: BuildDisplay): number {
  const { warnings } = display.trace;
  if (plan.call === "check") {
    context.out.write(checkReport(warnings, context.out.fd));
    return warnings.length === 0 ? 0 : 1;
  }
  if (display.mode === "plain" || display.mode === "tty") context.err.write(warningSummary(context, warnings));
  return 0;
}

function failed({ message, exitCode = 1, source }: BuildError, context: Context): CliError {
  if (source !== undefined) {
    const text = Buffer.from(source.data, "base64").toString("utf8");
    context.err.write(excerpt({ filename: source.filename, text, start: source.start, end: source.end }));
  }
  return new CliError(`ERROR: ${message.startsWith("failed to solve") ? "" : "failed to solve: "}${message}`, exitCode);
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
