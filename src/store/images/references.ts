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
  of(id: Digest): readonly Reference[];
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
  let byId = groupById(entries.values());
  const queue = createQueue();
  return {
    get: (reference) => entries.get(formatReference(reference))?.id,
    of: (id) => byId.get(id) ?? [],
    all: () => inOrder(entries.values()),
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
        byId = groupById(next.values());
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

function inOrder(entries: Iterable<Entry>): Entry[] {
  const named = [...entries].map((entry) => ({ entry, text: formatReference(entry.reference) }));
  return named.sort((a, b) => (a.text < b.text ? -1 : 1)).map(({ entry }) => entry);
}

function groupById(entries: Iterable<Entry>): Map<Digest, Reference[]> {
  const groups = new Map<Digest, Reference[]>();
  for (const { id, reference } of inOrder(entries)) {
    const group = groups.get(id);
    if (group === undefined) groups.set(id, [reference]);
    else group.push(reference);
  }
  return groups;
}
