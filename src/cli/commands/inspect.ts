import { ApiError, apiPath } from "../../api/client/index.ts";
import { CliError } from "../core/cli-error.ts";
import { atLeast, command } from "../core/command.ts";
import type { Context } from "../core/context.ts";
import * as flag from "../core/flag.ts";
import { completeContainer, completeImage } from "../format/complete-container.ts";
import { INSPECT_FORMAT_USAGE } from "../format/format-flag.ts";
import { imagePath } from "./image/image-path.ts";
import { fetchText, inspectObjects } from "./inspect-objects.ts";

interface Kind {
  readonly path: (name: string) => string;
  readonly hasSize?: boolean;
}

/** Kinds of objects in the order in which a name is looked for. */
const KINDS: Record<string, Kind> = {
  container: { path: (name) => apiPath`/containers/${name}/json`, hasSize: true },
  image: { path: (name) => `${imagePath(name)}/json` },
  network: { path: (name) => apiPath`/networks/${name}` },
  volume: { path: (name) => apiPath`/volumes/${name}` },
};

const TYPES = ["config", "container", "image", "network", "node", "plugin", "secret", "service", "task", "volume"];

export const inspect = command({
  usage: "[OPTIONS] NAME|ID [NAME|ID...]",
  arity: atLeast(1),
  flags: {
    format: flag.string(INSPECT_FORMAT_USAGE, { short: "f" }),
    size: flag.bool("Display total file sizes if the type is container", { short: "s" }),
    type: flag.string("Only inspect objects of the given type"),
  },
  async run(context, { flags, args, changed }) {
    const kinds = changed("type") ? [kindNamed(flags.type)] : Object.entries(KINDS);
    if (changed("type") && flags.size && flags.type !== "container")
      context.err.write(`WARNING: --size ignored for ${flags.type}\n`);
    return inspectObjects(context, args, {
      format: flags.format,
      fetch: (name) => find(context, name, kinds, flags.size, changed("type")),
      complete: (object) =>
        "State" in object && "HostConfig" in object
          ? completeContainer(object)
          : "RootFS" in object
            ? completeImage(object)
            : object,
    });
  },
});

function kindNamed(type: string): [string, Kind] {
  const kind = Object.hasOwn(KINDS, type) ? KINDS[type] : undefined;
  if (kind !== undefined) return [type, kind];
  if (TYPES.includes(type)) throw new CliError(`there are no objects of type ${JSON.stringify(type)} here`);
  throw new CliError(
    `unknown type: ${JSON.stringify(type)}: must be one of ${TYPES.map((name) => JSON.stringify(name)).join(", ")}`,
  );
}

async function find(
  context: Context,
  name: string,
  kinds: readonly [string, Kind][],
  size: boolean,
  exact: boolean,
): Promise<string> {
  for (const [, kind] of kinds) {
    try {
      return await fetchText(context, kind.path(name), kind.hasSize ? { size } : undefined);
    } catch (error) {
      if (exact || !isMissing(error)) throw error;
    }
  }
  throw new CliError(`Error: No such object: ${name}`);
}

/** Names that one kind of object cannot have are names of another; a daemon may not have every kind. */
const isMissing = (error: unknown) =>
  error instanceof ApiError &&
  ([404, 501].includes(error.status) || (error.status === 400 && /invalid reference format/.test(error.message)));
