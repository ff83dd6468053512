import { humanDuration, humanSize, shortId } from "../../lib/text/index.ts";
import type { ImageSummary } from "../../spec/api/index.ts";
import type { ListType } from "./list-type.ts";
import { goTime } from "./local-time.ts";

/** One line of `images`: an image under one of its names. */
export interface ImageRow {
  readonly image: ImageSummary;
  readonly repository: string;
  readonly tag: string;
  readonly digest: string;
}

const NONE = "<none>";
const counted = (value: number, text: () => string) => (value < 0 ? "N/A" : text());

/** Columns of `images`, and of the images in `system df`. */
export function imageList(options: { truncate: boolean }): ListType<ImageRow> {
  return {
    name: "*formatter.imageContext",
    columns: {
      ID: { header: "IMAGE ID", value: ({ image }) => (options.truncate ? shortId(image.Id) : image.Id) },
      Repository: { header: "REPOSITORY", value: ({ repository }) => repository },
      Tag: { header: "TAG", value: ({ tag }) => tag },
      Digest: { header: "DIGEST", value: ({ digest }) => digest },
      CreatedSince: { header: "CREATED", value: ({ image }) => createdSince(image.Created) },
      CreatedAt: { header: "CREATED AT", value: ({ image }) => goTime(image.Created) },
      Size: { header: "SIZE", value: ({ image }) => humanSize(image.Size, 3) },
      Containers: {
        header: "CONTAINERS",
        value: ({ image }) => counted(image.Containers, () => String(image.Containers)),
      },
      VirtualSize: { header: "SIZE", value: ({ image }) => humanSize(image.Size) },
      SharedSize: {
        header: "SHARED SIZE",
        value: ({ image }) => counted(image.SharedSize, () => humanSize(image.SharedSize)),
      },
      UniqueSize: {
        header: "UNIQUE SIZE",
        value: ({ image }) => counted(image.SharedSize, () => humanSize(image.Size - image.SharedSize)),
      },
    },
    raw: [
      "repository: {{.Repository}}",
      "tag: {{.Tag}}",
      "image_id: {{.ID}}",
      "created_at: {{.CreatedAt}}",
      "virtual_size: {{.Size}}",
      "",
    ].join("\n"),
  };
}

/** How long ago, or N/A for an image without a date. */
export const createdSince = (seconds: number) =>
  seconds <= 0 ? "N/A" : `${humanDuration(Date.now() - seconds * 1000)} ago`;

/** The lines of an image: one for each tag (and digest, where `digests`), one for each repository known by digest alone. */
export function imageRows(image: ImageSummary, digests: boolean): ImageRow[] {
  const tags = byRepository(image.RepoTags, ":");
  const known = byRepository(image.RepoDigests, "@");
  const rows: ImageRow[] = [];
  const add = (repository: string, tag: string, digest: string) => rows.push({ image, repository, tag, digest });
  for (const [repository, names] of tags) {
    const shown = digests ? (known.get(repository) ?? [NONE]) : [NONE];
    known.delete(repository);
    for (const tag of names) for (const digest of shown) add(repository, tag, digest);
  }
  for (const [repository, values] of known)
    for (const digest of digests ? values : [NONE]) add(repository, NONE, digest);
  if (rows.length === 0) add(NONE, NONE, NONE);
  return rows;
}

function byRepository(names: readonly string[] | null | undefined, separator: string): Map<string, string[]> {
  const result = new Map<string, string[]>();
  for (const name of names ?? []) {
    const at = name.lastIndexOf(separator);
    const repository = name.slice(0, at);
    if (at > 0 && repository !== NONE) result.set(repository, [...(result.get(repository) ?? []), name.slice(at + 1)]);
  }
  return result;
}
