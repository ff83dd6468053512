import { formatReference } from "../../spec/index.ts";
import { blobsOf, type ImageRecord } from "../../store/index.ts";
import type { Check, DoctorContext, Found } from "./finding.ts";
import { setAside } from "./set-aside.ts";

// What a pull that broke off has verified is kept for the next attempt for so long.
const DAY_MS = 24 * 60 * 60 * 1000;
const AGAIN =
  "what has its layers unpacked runs on; saving it or unpacking it again fails: pull, load or build it again";

/** Every image has its blobs, each with its digest, and its layers; every name stands for an image. */
export const checkImages: Check = async (context) => {
  const { images, blobs, layers } = context;
  const found: Found[] = [];
  const owners = new Map<string, ImageRecord>();
  for (const record of images.list()) {
    for (const digest of blobsOf(record)) owners.set(digest, record);
    const missing = record.layers.filter(({ chainId }) => layers.get(chainId) === undefined);
    if (missing.length > 0) found.push(lackingLayers(context, record, missing.length));
  }
  for (const [digest, record] of owners) {
    context.signal.throwIfAborted();
    if (!blobs.has(digest)) found.push(missingBlob(context, digest, record));
    else if ((await context.containers.trees.digest(blobs.path(digest), context.signal)) !== digest)
      found.push(alteredBlob(context, digest, record));
  }
  for (const { reference, id } of images.references.all())
    if (images.get(id) === undefined && images.unreadable.length === 0)
      found.push(nameOfNothing(context, formatReference(reference), id));
  const before = new Date(Date.now() - DAY_MS);
  const unowned = (await blobs.list()).filter(
    ({ digest, modified }) => !owners.has(digest) && !images.leases.holds(digest) && modified < before,
  );
  if (images.leases.idle && images.unreadable.length === 0)
    for (const { digest, size } of unowned) found.push(unownedBlob(context, digest, size));
  for (const path of images.unreadable) found.push(unreadable(context, path));
  return { found, checked: { images: images.list().length, blobs: owners.size + unowned.length } };
};

const nameOf = (context: DoctorContext, record: ImageRecord): string => {
  const [name] = context.images.references.of(record.id);
  return name === undefined ? record.id.slice(7, 19) : formatReference(name);
};

function lackingLayers(context: DoctorContext, record: ImageRecord, count: number): Found {
  return {
    kind: "image",
    severity: "error",
    subject: nameOf(context, record),
    problem: `${count} of its ${record.layers.length} layers are not unpacked`,
    meaning: "no container of it starts until they are; that is also done when the next one is made",
    repair: "unpack them from their blobs",
    mend: () => context.restoreLayers(record.id),
  };
}

function missingBlob(context: DoctorContext, digest: string, record: ImageRecord): Found {
  const meaning = `image ${nameOf(context, record)} lacks it: ${AGAIN}`;
  return { kind: "blob", severity: "error", subject: digest, problem: "it is missing", meaning };
}

function alteredBlob(context: DoctorContext, digest: string, record: ImageRecord): Found {
  return {
    kind: "blob",
    severity: "error",
    subject: digest,
    problem: "its content does not have this digest: the file was changed, or the disk has lost something",
    meaning: `image ${nameOf(context, record)} lacks it: ${AGAIN}`,
    repair: "set the file aside in broken/, so that the next pull fetches it again",
    mend: async () => {
      await setAside(context.containers.settings.dataRoot, context.blobs.path(digest));
    },
  };
}

function nameOfNothing({ images }: DoctorContext, name: string, id: string): Found {
  return {
    kind: "image",
    severity: "error",
    subject: name,
    problem: `it stands for image ${id}, which is not there`,
    meaning: "the name cannot be used",
    repair: "remove the name",
    mend: async () => {
      const entry = images.references.all().find(({ reference }) => formatReference(reference) === name);
      if (entry !== undefined) await images.references.change([{ reference: entry.reference, id: undefined }]);
    },
  };
}

function unownedBlob(context: DoctorContext, digest: string, size: number): Found {
  return {
    kind: "blob",
    severity: "leftover",
    subject: digest,
    problem: `no image needs it (${size} bytes)`,
    meaning: "a pull or a load that did not come to its end has left it, more than a day ago",
    repair: "remove it",
    mend: async () => void (await context.blobs.remove(digest)),
  };
}

function unreadable(context: DoctorContext, path: string): Found {
  return {
    kind: "record",
    severity: "error",
    subject: path,
    problem: "it does not read as what it should be",
    meaning: "the image, or the names, that it describes are not known; its blobs are kept as long as the file is here",
    repair: "set the file aside in broken/; pull or load the image again",
    mend: async () => {
      await setAside(context.containers.settings.dataRoot, path);
      context.images.forgetUnreadable(path);
    },
  };
}
