import { rfc3339Nano } from "../../lib/index.ts";
import { ANONYMOUS_LABEL, type VolumeRecord } from "../../store/volumes/index.ts";
import { parseLocalOptions } from "./local-options.ts";
import { checkVolumeName } from "./volume-name.ts";
import { type EnsureOptions, emitVolume, type VolumesContext } from "./volumes-context.ts";

/** Makes a volume unless one of that name is there; what is there stays as it is, as with Docker. */
export async function ensureVolume(
  context: VolumesContext,
  options: EnsureOptions,
): Promise<{ record: VolumeRecord; made: boolean }> {
  const { name, anonymous, durable } = options;
  const known = context.store.get(name);
  if (known) return { record: known, made: false };
  checkVolumeName(name);
  const driverOptions = options.options && Object.keys(options.options).length > 0 ? options.options : null;
  parseLocalOptions(name, driverOptions);
  return context.queue(name, async () => {
    const existing = context.store.get(name);
    if (existing) return { record: existing, made: false };
    const record: VolumeRecord = {
      schema: 1,
      name,
      created: rfc3339Nano((context.clock() / 1_000_000_000n) * 1_000_000_000n),
      labels: anonymous ? { ...options.labels, [ANONYMOUS_LABEL]: "" } : options.labels,
      options: driverOptions,
    };
    await context.store.put(record, { durable });
    emitVolume(context, "create", name);
    return { record, made: true };
  });
}
