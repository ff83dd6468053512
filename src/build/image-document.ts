import type { ContainerConfig } from "../spec/api/index.ts";
import type { Digest, ImageHistory } from "../spec/index.ts";
import type { StageState } from "./graph/index.ts";

/** BuildKit's, in every history entry. */
const COMMENT = "buildkit.dockerfile.v0";

export interface ImageDocumentInput {
  readonly state: StageState;
  readonly diffIds: readonly Digest[];
  /** --label: they outdo the file's. */
  readonly labels: Readonly<Record<string, string>>;
  /** One layer for all that was built. */
  readonly squashed: boolean;
}

/** The image's config as bytes, member by member as BuildKit writes it. The same input gives the same bytes. */
export function imageDocument({ state, diffIds, labels, squashed }: ImageDocumentInput): Buffer {
  const { platform, base, author, epoch } = state;
  const created = timeText(epoch);
  const all = { ...state.config.Labels, ...labels };
  const config = Object.keys(all).length === 0 ? state.config : { ...state.config, Labels: all };
  const own = state.history.map(
    ({ createdBy, emptyLayer }): ImageHistory => ({
      created,
      created_by: createdBy,
      comment: COMMENT,
      ...(emptyLayer ? { empty_layer: true } : {}),
    }),
  );
  const history = squashed ? squash(own, created) : own;
  const document = {
    architecture: platform.architecture,
    ...(author ? { author } : {}),
    config: ordered(config),
    created,
    history: [...(base?.config.history ?? []), ...history],
    os: platform.os,
    rootfs: { type: "layers", diff_ids: diffIds },
    ...(platform.variant ? { variant: platform.variant } : {}),
  };
  return Buffer.from(JSON.stringify(document));
}

function squash(own: readonly ImageHistory[], created: string): ImageHistory[] {
  const emptied = own.map(({ empty_layer: _, ...entry }) => ({ ...entry, empty_layer: true }));
  return [...emptied, { created, comment: "squashed" }];
}

const NANOS = 1_000_000_000n;

/** RFC 3339, in whole seconds where it is. */
export function timeText(epoch: bigint): string {
  return new Date(Number(epoch / NANOS) * 1000).toISOString().replace(".000Z", "Z");
}

/** The members in the order of the specification's; what says nothing is left out. */
function ordered(config: ContainerConfig): ContainerConfig {
  const { User, ExposedPorts, Env, Entrypoint, Cmd, Volumes, WorkingDir, Labels, StopSignal, ArgsEscaped } = config;
  const { Healthcheck, OnBuild, Shell } = config;
  const standard = { User, ExposedPorts, Env, Entrypoint, Cmd, Volumes, WorkingDir, Labels, StopSignal, ArgsEscaped };
  const members = Object.entries({ ...standard, Healthcheck, OnBuild, Shell }).filter(([, value]) => says(value));
  return Object.fromEntries(members.map(([name, value]) => [name, SORTED.has(name) ? sorted(value) : value]));
}

const SORTED = new Set(["ExposedPorts", "Volumes", "Labels"]);

const sorted = (value: unknown) =>
  Object.fromEntries(Object.entries(value as object).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)));

function says(value: unknown): boolean {
  if (value === undefined || value === null || value === "" || value === false) return false;
  if (Array.isArray(value)) return value.length > 0;
  return typeof value !== "object" || Object.keys(value).length > 0;
}
