import type { ImageSaving, ImageWhy, ImageWhyLayer } from "../../spec/api/index.ts";
import type { ImageRecord } from "../../store/index.ts";
import type { Trees } from "../../store/trees/index.ts";
import type { ImagesDeps } from "./images-context.ts";
import { resolveImage } from "./resolve-image.ts";
import { restoreLayers } from "./restore-layers.ts";

type Census = Awaited<ReturnType<Trees["census"]>>[number];

/** Folders that hold nothing an image needs, and how an instruction does without. */
const CACHES: Readonly<Record<string, readonly [what: string, suggestion: string]>> = {
  "/var/lib/apt/lists/": ["apt's package lists", "end the instruction with && rm -rf /var/lib/apt/lists/*"],
  "/var/cache/apt/": ["apt's downloads", "mount a cache: RUN --mount=type=cache,target=/var/cache/apt"],
  "/var/cache/apk/": ["apk's downloads", "use apk add --no-cache"],
  "/var/cache/dnf/": ["dnf's downloads", "end the instruction with && dnf clean all"],
  "/var/cache/yum/": ["yum's downloads", "end the instruction with && yum clean all"],
  "*/.cache/pip/": ["pip's downloads", "use pip install --no-cache-dir, or mount a cache at /root/.cache/pip"],
  "*/.npm/_cacache/": ["npm's downloads", "mount a cache: RUN --mount=type=cache,target=/root/.npm"],
  "*/.cargo/registry/": ["cargo's downloads", "compile in a stage of its own"],
  "*/go/pkg/mod/": ["Go's downloads", "compile in a stage of its own"],
  "*/__pycache__/": ["compiled Python", "set PYTHONDONTWRITEBYTECODE=1 for the instruction"],
  "*/.git/": ["a git repository", "put .git into .dockerignore"],
  "/tmp/": ["temporary files", "remove them in the same instruction, or mount a tmpfs at /tmp"],
};

/** Savings of fewer bytes than this are not worth a word. */
const LEAST_SAVING = 4096;

/**
 * Which instruction put which bytes into an image, what a later one hides of them, and what a change would save. The
 * layers are read in a worker. Kind "not-found" with Docker's text.
 */
export async function whyImage(deps: ImagesDeps, ref: string, signal?: AbortSignal): Promise<ImageWhy> {
  const record = resolveImage(deps.store, ref);
  await restoreLayers(deps, record);
  const paths = record.layers.map(({ chainId }) => deps.layers.get(chainId)?.path ?? "");
  const census = await deps.trees.census({ layers: paths, watch: Object.keys(CACHES) }, signal);
  const layers = census.map((one, index) => layerOf(record, one, index));
  return {
    Id: record.id,
    Size: layers.reduce((sum, { Size }) => sum + Size, 0),
    HiddenSize: layers.reduce((sum, { HiddenSize }) => sum + HiddenSize, 0),
    Layers: layers,
    Savings: [...census.flatMap(cachesIn), ...layers.flatMap(hiddenIn)]
      .filter(({ Size }) => Size >= LEAST_SAVING)
      .sort((a, b) => b.Size - a.Size || a.Layer - b.Layer),
  };
}

function layerOf(record: ImageRecord, census: Census, index: number): ImageWhyLayer {
  const steps = record.config.history.filter((step) => !step.empty_layer);
  // A history that does not say which step made which layer says nothing of any.
  const step = steps.length === record.layers.length ? steps[index] : undefined;
  const created = Date.parse(step?.created ?? "");
  return {
    Layer: index + 1,
    CreatedBy: step?.created_by ?? "",
    Created: Number.isNaN(created) ? 0 : Math.floor(created / 1000),
    DiffID: record.layers[index]?.diffId ?? "",
    Size: census.bytes,
    Files: census.files,
    HiddenSize: census.hiddenBytes,
    Folders: census.folders.map(({ path, bytes, files }) => ({ Path: path, Size: bytes, Files: files })),
    Hidden: census.hidden.map(({ path, bytes, files, by, how }) => ({
      ...{ Path: path, Size: bytes, Files: files },
      ...{ How: how, Layer: by + 1 },
    })),
  };
}

function cachesIn({ watched }: Census, index: number): ImageSaving[] {
  return watched.flatMap(({ path, bytes, files }) => {
    const known = CACHES[path];
    if (known === undefined) return [];
    const [what, suggestion] = known;
    return [
      {
        Layer: index + 1,
        Size: bytes,
        Reason: `${files === 1 ? "1 file" : `${files} files`} of ${what}`,
        Suggestion: suggestion,
      },
    ];
  });
}

/** What each later layer hides of this one, summed up. */
function hiddenIn({ Layer, Hidden, HiddenSize }: ImageWhyLayer): ImageSaving[] {
  if (HiddenSize === 0) return [];
  const by = [...new Set(Hidden.map((path) => path.Layer))].sort((a, b) => a - b);
  const deleted = Hidden.filter(({ How }) => How === "deleted").length;
  const verb = deleted === Hidden.length ? "deletes" : deleted === 0 ? "replaces" : "deletes or replaces";
  const largest = Hidden[0]?.Path ?? "";
  return [
    {
      Layer,
      Size: HiddenSize,
      Reason: `layer ${by.join(", ")} ${verb} what is here (${largest}${Hidden.length > 1 ? " and more" : ""})`,
      Suggestion: "do both in one instruction, or copy only the result from another stage",
    },
  ];
}
