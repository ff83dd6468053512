import { ellipsis, humanDuration, humanSize, shortId } from "../../lib/text/index.ts";
import type { ContainerSummary } from "../../spec/api/index.ts";
import { labelMethod, labelsText } from "./label-method.ts";
import type { ListType } from "./list-type.ts";
import { goTime } from "./local-time.ts";
import { portsText } from "./ports.ts";

/** Columns of `ps`, and of the containers in `system df`. */
export function containerList(options: { truncate: boolean }): ListType<ContainerSummary> {
  const cut = (text: string, width: number) => (options.truncate ? ellipsis(text, width) : text);
  const created = (row: ContainerSummary) => `${humanDuration(Date.now() - row.Created * 1000)} ago`;
  return {
    name: "*formatter.ContainerContext",
    columns: {
      ID: { header: "CONTAINER ID", value: (row) => (options.truncate ? shortId(row.Id) : row.Id) },
      Names: { header: "NAMES", value: (row) => namesText(row.Names, options.truncate) },
      Image: { header: "IMAGE", value: (row) => imageText(row, options.truncate) },
      Command: { header: "COMMAND", value: (row) => JSON.stringify(cut(row.Command, 20)) },
      CreatedAt: { header: "CREATED AT", value: (row) => goTime(row.Created) },
      RunningFor: { header: "CREATED", value: created },
      Ports: { header: "PORTS", value: (row) => portsText(row.Ports) },
      Status: { header: "STATUS", value: (row) => row.Status },
      State: { header: "STATE", value: (row) => row.State },
      Size: { header: "SIZE", value: sizeText },
      Labels: { header: "LABELS", value: (row) => labelsText(row.Labels) },
      Mounts: { header: "MOUNTS", value: (row) => mountsText(row, cut) },
      LocalVolumes: {
        header: "LOCAL VOLUMES",
        value: (row) => String(row.Mounts.filter((mount) => mount.Driver === "local").length),
      },
      Networks: { header: "NETWORKS", value: (row) => Object.keys(row.NetworkSettings?.Networks ?? {}).join(",") },
      Platform: { header: "PLATFORM", value: platform },
    },
    methods: { Label: labelMethod((row) => row.Labels) },
    raw: RAW,
  };
}

const RAW = [
  "container_id: {{.ID}}",
  "image: {{.Image}}",
  "command: {{.Command}}",
  "created_at: {{.CreatedAt}}",
  "state: {{- pad .State 1 0}}",
  "status: {{- pad .Status 1 0}}",
  "names: {{.Names}}",
  "labels: {{- pad .Labels 1 0}}",
  "ports: {{- pad .Ports 1 0}}",
  "",
].join("\n");

function namesText(names: readonly string[], truncate: boolean): string {
  const plain = names.map((name) => name.replace(/^\//, ""));
  // A name inside another ("web/db") is a legacy link.
  return (truncate ? plain.filter((name) => !name.includes("/")) : plain).join(",");
}

function imageText(row: ContainerSummary, truncate: boolean): string {
  if (row.Image === "") return "<no image>";
  if (!truncate) return row.Image;
  const id = shortId(row.ImageID);
  if (id !== "" && id === shortId(row.Image)) return id;
  return row.Image.replace(/@sha256:[0-9a-f]{64}$/, "");
}

function sizeText(row: ContainerSummary): string {
  const own = humanSize(row.SizeRw ?? 0, 3);
  return (row.SizeRootFs ?? 0) > 0 ? `${own} (virtual ${humanSize(row.SizeRootFs ?? 0, 3)})` : own;
}

function mountsText(row: ContainerSummary, cut: (text: string, width: number) => string): string {
  return row.Mounts.map((mount) => cut(mount.Name || mount.Source || "", 15)).join(",");
}

function platform(row: ContainerSummary): unknown {
  const descriptor = row.ImageManifestDescriptor as { platform?: unknown } | undefined;
  return descriptor?.platform ?? null;
}
