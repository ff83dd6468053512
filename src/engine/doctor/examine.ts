import { messageOf } from "../../lib/index.ts";
import type { DoctorFinding, DoctorReport } from "../../spec/api/index.ts";
import { checkContainers } from "./check-containers.ts";
import { checkImages } from "./check-images.ts";
import { checkKernel } from "./check-kernel.ts";
import { checkLayers } from "./check-layers.ts";
import { checkNetworks } from "./check-networks.ts";
import { checkVolumes } from "./check-volumes.ts";
import { type Check, type DoctorContext, type Found, findingOf } from "./finding.ts";

const CHECKS: readonly Check[] = [checkImages, checkLayers, checkContainers, checkVolumes, checkNetworks, checkKernel];

/** Looks at everything, one kind after the other, and mends what can be mended once all is known. */
export async function examine(context: DoctorContext, { repair }: { repair: boolean }): Promise<DoctorReport> {
  const all: Found[] = [];
  const checked: Record<string, number> = {};
  for (const check of CHECKS) {
    context.signal.throwIfAborted();
    const result = await check(context);
    all.push(...result.found);
    Object.assign(checked, result.checked);
  }
  const findings: DoctorFinding[] = [];
  for (const found of all) findings.push(repair ? await mended(found) : findingOf(found));
  return { Findings: findings, Checked: checked };
}

async function mended(found: Found): Promise<DoctorFinding> {
  const finding = findingOf(found);
  if (found.mend === undefined) return finding;
  try {
    await found.mend();
    return { ...finding, Repaired: true };
  } catch (error) {
    return { ...finding, Failure: messageOf(error) };
  }
}
