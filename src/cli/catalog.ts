import type { AnyCommand } from "./core/command.ts";

/** A verb as the catalogue knows it: its module is loaded only when it is used. */
export interface Entry {
  readonly summary: string;
  /** Other names within its group. */
  readonly aliases?: readonly string[];
  readonly load: () => Promise<AnyCommand>;
  /** Not listed. */
  readonly hidden?: boolean;
}

export interface Group {
  readonly summary: string;
  readonly entries: Readonly<Record<string, Entry>>;
}

const entry = (summary: string, load: () => Promise<AnyCommand>, aliases?: readonly string[]): Entry =>
  aliases === undefined ? { summary, load } : { summary, load, aliases };

/** A verb that is named and listed, and says that it is not there yet. */
const later = (summary: string, words: string): Entry =>
  entry(summary, async () => (await import("./commands/not-yet.ts")).notYet(words));

const container: Record<string, Entry> = {
  attach: entry(
    "Attach local standard input, output, and error streams to a running container",
    async () => (await import("./commands/container/attach.ts")).attach,
  ),
  commit: entry(
    "Create a new image from a container's changes",
    async () => (await import("./commands/container/commit.ts")).commit,
  ),
  cp: entry(
    "Copy files/folders between a container and the local filesystem",
    async () => (await import("./commands/container/cp.ts")).cp,
  ),
  create: entry("Create a new container", async () => (await import("./commands/container/create.ts")).create),
  diff: entry(
    "Inspect changes to files or directories on a container's filesystem",
    async () => (await import("./commands/container/diff.ts")).diff,
  ),
  exec: entry(
    "Execute a command in a running container",
    async () => (await import("./commands/container/exec.ts")).exec,
  ),
  export: entry(
    "Export a container's filesystem as a tar archive",
    async () => (await import("./commands/container/export.ts")).exportContainer,
  ),
  inspect: entry(
    "Display detailed information on one or more containers",
    async () => (await import("./commands/container/inspect.ts")).inspect,
  ),
  kill: entry("Kill one or more running containers", async () => (await import("./commands/container/kill.ts")).kill),
  logs: entry("Fetch the logs of a container", async () => (await import("./commands/container/logs.ts")).logs),
  ls: entry("List containers", async () => (await import("./commands/container/list.ts")).list, ["list", "ps"]),
  pause: entry(
    "Pause all processes within one or more containers",
    async () => (await import("./commands/container/pause.ts")).pause,
  ),
  port: entry(
    "List port mappings or a specific mapping for the container",
    async () => (await import("./commands/container/port.ts")).port,
  ),
  prune: entry("Remove all stopped containers", async () => (await import("./commands/container/prune.ts")).prune),
  recreate: entry(
    "Replace a container, keeping its name, volumes, networks and addresses",
    async () => (await import("./commands/container/recreate.ts")).recreate,
  ),
  rename: entry("Rename a container", async () => (await import("./commands/container/rename.ts")).rename),
  restart: entry(
    "Restart one or more containers",
    async () => (await import("./commands/container/restart.ts")).restart,
  ),
  rm: entry("Remove one or more containers", async () => (await import("./commands/container/remove.ts")).remove, [
    "remove",
  ]),
  run: entry(
    "Create and run a new container from an image",
    async () => (await import("./commands/container/run.ts")).run,
  ),
  start: entry(
    "Start one or more stopped containers",
    async () => (await import("./commands/container/start.ts")).start,
  ),
  stats: entry(
    "Display a live stream of container(s) resource usage statistics",
    async () => (await import("./commands/container/stats.ts")).stats,
  ),
  stop: entry("Stop one or more running containers", async () => (await import("./commands/container/stop.ts")).stop),
  top: entry(
    "Display the running processes of a container",
    async () => (await import("./commands/container/top.ts")).top,
  ),
  unpause: entry(
    "Unpause all processes within one or more containers",
    async () => (await import("./commands/container/pause.ts")).unpause,
  ),
  update: entry(
    "Update configuration of one or more containers",
    async () => (await import("./commands/container/update.ts")).update,
  ),
  "wait-for": entry(
    "Block until a container is healthy, has logged a line or listens on a port",
    async () => (await import("./commands/container/wait-for.ts")).waitFor,
  ),
  wait: entry(
    "Block until one or more containers stop, then print their exit codes",
    async () => (await import("./commands/container/wait.ts")).wait,
  ),
};

const image: Record<string, Entry> = {
  build: entry("Build an image from a Dockerfile", async () => (await import("./commands/build/build.ts")).build),
  history: entry("Show the history of an image", async () => (await import("./commands/image/history.ts")).history),
  why: entry(
    "Show which instruction put which bytes into an image",
    async () => (await import("./commands/image/why.ts")).why,
  ),
  import: entry(
    "Import the contents from a tarball to create a filesystem image",
    async () => (await import("./commands/image/import.ts")).importImage,
  ),
  inspect: entry(
    "Display detailed information on one or more images",
    async () => (await import("./commands/image/inspect.ts")).inspect,
  ),
  load: entry("Load an image from a tar archive or STDIN", async () => (await import("./commands/image/load.ts")).load),
  ls: entry("List images", async () => (await import("./commands/image/list.ts")).list, ["list"]),
  prune: entry("Remove unused images", async () => (await import("./commands/image/prune.ts")).prune),
  pull: entry("Download an image from a registry", async () => (await import("./commands/image/pull.ts")).pull),
  push: later("Upload an image to a registry", "push"),
  rm: entry("Remove one or more images", async () => (await import("./commands/image/remove.ts")).remove, ["remove"]),
  save: entry(
    "Save one or more images to a tar archive (streamed to STDOUT by default)",
    async () => (await import("./commands/image/save.ts")).save,
  ),
  tag: entry(
    "Create a tag TARGET_IMAGE that refers to SOURCE_IMAGE",
    async () => (await import("./commands/image/tag.ts")).tag,
  ),
};

const volume: Record<string, Entry> = {
  backup: entry("Save a volume as a tar.zst archive", async () => (await import("./commands/volume/backup.ts")).backup),
  clone: entry(
    "Create a volume with the files of another",
    async () => (await import("./commands/volume/clone.ts")).clone,
  ),
  create: entry("Create a volume", async () => (await import("./commands/volume/create.ts")).create),
  inspect: entry(
    "Display detailed information on one or more volumes",
    async () => (await import("./commands/volume/inspect.ts")).inspect,
  ),
  ls: entry("List volumes", async () => (await import("./commands/volume/list.ts")).list, ["list"]),
  prune: entry("Remove unused local volumes", async () => (await import("./commands/volume/prune.ts")).prune),
  rm: entry("Remove one or more volumes", async () => (await import("./commands/volume/remove.ts")).remove, ["remove"]),
  restore: entry(
    "Replace a volume's files by those of a backup",
    async () => (await import("./commands/volume/restore.ts")).restore,
  ),
  snapshot: entry(
    "Keep a volume's files as they are now, and go back to them",
    async () => (await import("./commands/volume/snapshot.ts")).snapshot,
  ),
  update: later("Update a volume (cluster volumes only)", "volume update"),
};

const network: Record<string, Entry> = {
  connect: entry(
    "Connect a container to a network",
    async () => (await import("./commands/network/connect.ts")).connect,
  ),
  create: entry("Create a network", async () => (await import("./commands/network/create.ts")).create),
  disconnect: entry(
    "Disconnect a container from a network",
    async () => (await import("./commands/network/disconnect.ts")).disconnect,
  ),
  inspect: entry(
    "Display detailed information on one or more networks",
    async () => (await import("./commands/network/inspect.ts")).inspect,
  ),
  ls: entry("List networks", async () => (await import("./commands/network/list.ts")).list, ["list"]),
  prune: entry("Remove all unused networks", async () => (await import("./commands/network/prune.ts")).prune),
  rm: entry("Remove one or more networks", async () => (await import("./commands/network/remove.ts")).remove, [
    "remove",
  ]),
};

const system: Record<string, Entry> = {
  "dial-stdio": {
    ...entry(
      "Proxy the stdio stream to the daemon connection",
      async () => (await import("./commands/system/dial-stdio.ts")).dialStdio,
    ),
    hidden: true,
  },
  df: entry("Show {program} disk usage", async () => (await import("./commands/system/disk-usage.ts")).diskUsage),
  events: entry(
    "Get real time events from the server",
    async () => (await import("./commands/system/events.ts")).events,
  ),
  info: entry("Display system-wide information", async () => (await import("./commands/system/info.ts")).info),
  prune: entry("Remove unused data", async () => (await import("./commands/system/prune.ts")).prune),
};

const context: Record<string, Entry> = {
  create: entry("Create a context", async () => (await import("./commands/context/create.ts")).create),
  export: entry(
    "Export a context to a tar archive FILE or a tar stream on STDOUT.",
    async () => (await import("./commands/context/export.ts")).exportContext,
  ),
  import: entry(
    "Import a context from a tar or zip file",
    async () => (await import("./commands/context/import.ts")).importContext,
  ),
  inspect: entry(
    "Display detailed information on one or more contexts",
    async () => (await import("./commands/context/inspect.ts")).inspect,
  ),
  ls: entry("List contexts", async () => (await import("./commands/context/list.ts")).list, ["list"]),
  rm: entry("Remove one or more contexts", async () => (await import("./commands/context/remove.ts")).remove, [
    "remove",
  ]),
  show: entry("Print the name of the current context", async () => (await import("./commands/context/show.ts")).show),
  update: entry("Update a context", async () => (await import("./commands/context/update.ts")).update),
  use: entry("Set the current {program} context", async () => (await import("./commands/context/use.ts")).use),
};

const builder: Record<string, Entry> = {
  build: entry("Build an image from a Dockerfile", async () => (await import("./commands/build/build.ts")).build),
  prune: entry("Remove build cache", async () => (await import("./commands/build/prune.ts")).prune),
};

const buildx: Record<string, Entry> = {
  bake: later("Build from a file", "buildx bake"),
  build: entry("Start a build", async () => (await import("./commands/build/build.ts")).build, ["b"]),
  create: entry("Create a new builder instance", async () => (await import("./commands/build/builders.ts")).create),
  du: entry("Disk usage", async () => (await import("./commands/build/disk-usage.ts")).diskUsage),
  inspect: entry(
    "Inspect current builder instance",
    async () => (await import("./commands/build/builders.ts")).inspect,
  ),
  ls: entry("List builder instances", async () => (await import("./commands/build/builders.ts")).list),
  prune: entry("Remove build cache", async () => (await import("./commands/build/prune.ts")).prune),
  rm: entry("Remove one or more builder instances", async () => (await import("./commands/build/builders.ts")).remove),
  stop: entry("Stop builder instance", async () => (await import("./commands/build/builders.ts")).stop),
  use: entry("Set the current builder instance", async () => (await import("./commands/build/builders.ts")).use),
  version: entry("Show buildx version information", async () => (await import("./commands/build/builders.ts")).version),
};

const cache: Record<string, Entry> = {
  export: entry(
    "Write the build cache to one archive, for another machine",
    async () => (await import("./commands/build/cache.ts")).exportCache,
  ),
  import: entry(
    "Add an exported build cache to this one",
    async () => (await import("./commands/build/cache.ts")).importCache,
  ),
};

/** The management commands. */
export const GROUPS: Readonly<Record<string, Group>> = {
  builder: { summary: "Manage builds", entries: builder },
  buildx: { summary: "Build with more options, and manage builders", entries: buildx },
  cache: { summary: "Carry the build cache to other machines", entries: cache },
  container: { summary: "Manage containers", entries: container },
  context: { summary: "Manage contexts", entries: context },
  image: { summary: "Manage images", entries: image },
  network: { summary: "Manage networks", entries: network },
  system: { summary: "Manage {title}", entries: system },
  volume: { summary: "Manage volumes", entries: volume },
};

/** The groups' own verbs that stand at the top level too, by the name that they have there. */
const pick = (from: Record<string, Entry>, names: Record<string, string>): Record<string, Entry> =>
  Object.fromEntries(
    Object.entries(names).flatMap(([name, inGroup]) => {
      const found = from[inGroup];
      return found === undefined ? [] : [[name, { summary: found.summary, load: found.load }]];
    }),
  );

/** Verbs that the help text names first. */
export const COMMON: Readonly<Record<string, Entry>> = {
  ...pick(container, { run: "run", exec: "exec", ps: "ls" }),
  ...pick(image, { build: "build", pull: "pull", push: "push", images: "ls" }),
  login: entry("Authenticate to a registry", async () => (await import("./commands/registry/login.ts")).login),
  logout: entry("Log out from a registry", async () => (await import("./commands/registry/logout.ts")).logout),
  search: later("Search Docker Hub for images", "search"),
  version: entry(
    "Show the {title} version information",
    async () => (await import("./commands/system/version.ts")).version,
  ),
  ...pick(system, { info: "info" }),
};

/** The other verbs of the top level. */
export const COMMANDS: Readonly<Record<string, Entry>> = {
  ...pick(container, { attach: "attach", commit: "commit", cp: "cp", create: "create", diff: "diff" }),
  doctor: entry(
    "Check images, layers, containers and volumes against disk and kernel, and repair them",
    async () => (await import("./commands/system/doctor.ts")).doctor,
  ),
  ...pick(system, { events: "events" }),
  ...pick(container, { export: "export" }),
  ...pick(image, { history: "history", import: "import" }),
  inspect: entry(
    "Return low-level information on Docker objects",
    async () => (await import("./commands/inspect.ts")).inspect,
  ),
  ...pick(container, { kill: "kill" }),
  ...pick(image, { load: "load" }),
  ...pick(container, {
    logs: "logs",
    pause: "pause",
    port: "port",
    recreate: "recreate",
    rename: "rename",
    restart: "restart",
    rm: "rm",
  }),
  ...pick(image, { rmi: "rm", save: "save" }),
  ...pick(container, { start: "start", stats: "stats", stop: "stop" }),
  ...pick(image, { tag: "tag" }),
  ...pick(container, { top: "top", unpause: "unpause", update: "update", wait: "wait", "wait-for": "wait-for" }),
};

/** Docker's commands that are no part of this engine. */
export const OUTSIDE: ReadonlySet<string> = new Set([
  "swarm",
  "node",
  "service",
  "stack",
  "secret",
  "config",
  "plugin",
  "trust",
  "checkpoint",
]);

/** Verbs of a group by name and alias. */
export function findEntry(entries: Readonly<Record<string, Entry>>, name: string): Entry | undefined {
  if (Object.hasOwn(entries, name)) return entries[name];
  return Object.values(entries).find((candidate) => candidate.aliases?.includes(name));
}
