import { createQueue, readJsonFile, writeFileAtomic } from "../../lib/index.ts";
import { type Digest, formatReference, parseReference, type Reference } from "../../spec/index.ts";

/** `images/references.json`. Names are in full form: `docker.io/library/busybox:latest`. */
interface ReferencesFile {
  schema: 1;
  references: Record<string, Digest>;
}

/** Names (with tag or digest) and the image ids that they stand for. */
export interface References {
  get(reference: Reference): Digest | undefined;
  /** The names of an image, in order of their text. */
  of(id: Digest): Reference[];
  all(): { reference: Reference; id: Digest }[];
  /** All of these at once, durably: a crash leaves either none or all. An id of undefined removes the name. */
  change(changes: readonly { reference: Reference; id: Digest | undefined }[]): Promise<void>;
}

interface Entry {
  reference: Reference;
  id: Digest;
}

/** Opens the references file. Names that do not parse (a newer version's, say) are left out. */
export async function openReferences(path: string): Promise<References> {
  const stored = await readJsonFile<ReferencesFile>(path);
  let entries = new Map<string, Entry>();
  for (const [name, id] of Object.entries(stored?.references ?? {})) {
    const reference = readName(name);
    if (reference !== undefined) entries.set(name, { reference, id });
  }
  const queue = createQueue();
  const byText = (a: Reference, b: Reference): number => (formatReference(a) < formatReference(b) ? -1 : 1);
  return {
    get: (reference) => entries.get(formatReference(reference))?.id,
    of: (id) =>
      [...entries.values()]
        .filter((entry) => entry.id === id)
        .map(({ reference }) => reference)
        .sort(byText),
    all: () => [...entries.values()].sort((a, b) => byText(a.reference, b.reference)),
    change: (changes) =>
      queue(async () => {
        const next = new Map(entries);
        for (const { reference, id } of changes) {
          const name = formatReference(reference);
          if (id === undefined) next.delete(name);
          else next.set(name, { reference, id });
        }
        const references = Object.fromEntries([...next].map(([name, { id }]) => [name, id]));
        const file: ReferencesFile = { schema: 1, references };
        await writeFileAtomic(path, `${JSON.stringify(file, null, 1)}\n`, { durable: true });
        entries = next;
      }),
  };
}

function readName(name: string): Reference | undefined {
  try {
    return parseReference(name);
  } catch {
    return undefined;
  }
}
