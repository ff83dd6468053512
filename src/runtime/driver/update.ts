import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { liftProcessLimit } from "../../system/index.ts";
import type { RunningHandle } from "../runtime.ts";
import type { OciResources } from "../spec/index.ts";
import { type DriverContext, runtimeCommand } from "./context.ts";

/** Gives a container other limits while it runs; what the resources leave out stays. */
export async function updateResources(
  context: DriverContext,
  handle: RunningHandle,
  { pids, ...resources }: Omit<OciResources, "devices">,
): Promise<void> {
  const file = join(handle.bundle, "update.json");
  // crun 1.8 hands the number for "no limit" to the kernel, which does not know it.
  const unlimited = pids !== undefined && pids.limit <= 0;
  const asked = pids === undefined || unlimited ? resources : { ...resources, pids };
  writeFileSync(file, JSON.stringify(asked), { mode: 0o600 });
  try {
    await runtimeCommand(context.runtime(handle.runtime), ["update", "--resources", file, handle.id]);
    if (unlimited) liftProcessLimit(context.cgroups, handle.cgroupPath);
  } finally {
    rmSync(file, { force: true });
  }
}
