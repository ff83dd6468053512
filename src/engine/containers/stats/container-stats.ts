import { totalmem } from "node:os";
import { setTimeout as delay } from "node:timers/promises";
import type { ContainerStats } from "../../../spec/api/index.ts";
import type { CgroupLayout } from "../../../system/index.ts";
import type { Container } from "../container.ts";
import { type Sample, takeSample } from "./sample.ts";
import { emptyStats, statsOf } from "./stats-document.ts";

const SECOND = 1000;
/**
 * Milliseconds between the two samples of a single answer. Docker takes a second, because it reads the machine's time in
 * ticks of 10 ms; here that time is measured between the samples, so that less serves as well.
 */
const GAP = 250;

/** GET /containers/{id}/stats. Ends when the container is removed or the signal is aborted. */
export async function* containerStats(
  cgroups: CgroupLayout,
  container: Container,
  { stream, oneShot }: { stream: boolean; oneShot: boolean },
  signal: AbortSignal,
): AsyncGenerator<ContainerStats> {
  const gone = new AbortController();
  void container.removed.wait(gone.signal).then(() => gone.abort());
  const over = AbortSignal.any([signal, gone.signal]);
  const pause = (milliseconds: number) => delay(milliseconds, true, { signal: over }).catch(() => false);
  const host = { memory: totalmem(), version: cgroups.version };
  const take = () => (container.run === undefined ? undefined : takeSample(cgroups, container.run));
  const show = (sample: Sample | undefined, before: Sample | undefined) => {
    const subject = { id: container.id, name: container.record.name };
    return sample === undefined ? emptyStats(subject) : statsOf(subject, sample, before, host);
  };
  try {
    let before = oneShot || stream ? undefined : take();
    if (before !== undefined) await pause(GAP);
    let sample = take();
    yield show(sample, sample === undefined ? undefined : exactly(before, sample));
    while (stream && (await pause(SECOND))) {
      before = sample;
      sample = take();
      yield show(sample, before);
    }
  } finally {
    gone.abort();
  }
}

/** The earlier sample with the machine's time that has passed since then, measured and not counted in ticks. */
export function exactly(before: Sample | undefined, sample: Sample): Sample | undefined {
  if (before === undefined) return undefined;
  const passed = (sample.steady - before.steady) * 1e6 * sample.system.online;
  return { ...before, system: { ...before.system, total: sample.system.total - passed } };
}
