import { existsSync, rmSync, writeFileSync } from "node:fs";
import { ApiError } from "../../../api/client/index.ts";
import { messageOf } from "../../../lib/index.ts";
import type { ContainerCreateBody, ContainerCreateResponse } from "../../../spec/api/index.ts";
import { familiar, parseAnyReference, withDefaultTag } from "../../../spec/index.ts";
import { CliError } from "../../core/cli-error.ts";
import type { Context } from "../../core/context.ts";
import type { Output } from "../../core/output.ts";
import type { ContainerFlags } from "../../run-options/container-flags.ts";

/** Creates the container, pulling its image as --pull says, and writes its id to --cidfile. Warnings go to stderr. */
export async function createContainer(
  context: Context,
  flags: ContainerFlags,
  body: ContainerCreateBody,
): Promise<ContainerCreateResponse> {
  const local = flags.dns.find((address) => /^127\.|^::1$/.test(address));
  if (local !== undefined) context.err.write(`WARNING: Localhost DNS (${local}) may fail in containers.\n`);
  if (flags.cidfile !== "") claimIdFile(flags.cidfile);
  try {
    const created = await createOrPull(context, flags, body);
    for (const warning of created.Warnings ?? []) context.err.write(`WARNING: ${warning}\n`);
    if (flags.cidfile !== "") writeFileSync(flags.cidfile, created.Id);
    return created;
  } catch (error) {
    if (flags.cidfile !== "") rmSync(flags.cidfile, { force: true });
    throw error;
  }
}

function claimIdFile(path: string): void {
  if (existsSync(path))
    throw new CliError(`container ID file found, make sure the other container isn't running or delete ${path}`);
  try {
    writeFileSync(path, "", { flag: "wx", mode: 0o644 });
  } catch (error) {
    throw new CliError(`failed to create the container ID file: ${messageOf(error)}`);
  }
}

async function createOrPull(
  context: Context,
  flags: ContainerFlags,
  body: ContainerCreateBody,
): Promise<ContainerCreateResponse> {
  const image = body.Image ?? "";
  const name = imageName(image);
  const platform = flags.platform || context.env.DOCKER_DEFAULT_PLATFORM || "";
  const pull = () => pullFirst(context, name ?? image, platform, flags.quiet);
  const create = () =>
    context.client.json<ContainerCreateResponse>("POST", "/containers/create", {
      query: { name: flags.name || undefined, platform: platform || undefined },
      json: body,
    });
  if (flags.pull === "always" && name !== undefined) await pull();
  try {
    return await create();
  } catch (error) {
    const missing = error instanceof ApiError && error.status === 404 && /^No such image/i.test(error.message);
    if (!missing || name === undefined || flags.pull !== "missing") throw error;
    if (!flags.quiet) context.err.write(`Unable to find image '${name}' locally\n`);
    await pull();
    return create();
  }
}

/** The image's name in the short form, with its tag; undefined for an id. */
function imageName(image: string): string | undefined {
  const parsed = parseAnyReference(image);
  return "id" in parsed ? undefined : familiar(withDefaultTag(parsed.reference));
}

async function pullFirst(context: Context, image: string, platform: string, quiet: boolean): Promise<void> {
  const { pullImage } = await import("../image/pull-image.ts");
  const silent: Output = { fd: -1, write: () => undefined };
  await pullImage(context, { image, platform, output: quiet ? silent : context.err });
}

/** Checks what is said of pulling. Throws CliError with Docker's text. */
export function checkPull(flags: ContainerFlags): void {
  if (!["always", "missing", "never"].includes(flags.pull))
    throw new CliError(`invalid pull option: '${flags.pull}': must be one of "always", "missing" or "never"`);
}
