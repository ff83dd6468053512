import type { BuildStatus, BuildVertex, BuildVertexStatus, BuildWarning } from "../../../spec/api/index.ts";
import type { Interval } from "./intervals.ts";
import { LogText } from "./log-text.ts";

/** A line of work below a step: "transferring context:". Times in milliseconds since 1970. */
export interface StatusLine {
  readonly id: string;
  current: number;
  total: number;
  timestamp: number;
  started: number | undefined;
  completed: number | undefined;
}

/** All that is known of one step. */
export interface Step {
  readonly digest: string;
  name: string;
  started: number | undefined;
  completed: number | undefined;
  cached: boolean;
  error: string;
  /** Of every time that it ran, by its beginning: a step may be looked at, left and taken up again. */
  readonly intervals: Map<string, Interval>;
  readonly statuses: Map<string, StatusLine>;
  readonly log: LogText;
  readonly warnings: BuildWarning[];
}

/** Whether a step ended because the build was given up, not by a fault of its own. */
export const isCanceled = (step: Step) => step.error.endsWith("context canceled");

/** What has become of the steps of a build, as its events tell. */
export class Trace {
  readonly steps = new Map<string, Step>();
  /** In the order in which they began. */
  readonly begun: Step[] = [];
  /** Every warning, in the order of arrival. */
  readonly warnings: BuildWarning[] = [];
  /** Digests of the steps that changed since whoever shows them last cleared it. */
  readonly touched = new Set<string>();
  /** Ids of the status lines that changed, by step. */
  readonly touchedStatuses = new Map<string, Set<string>>();
  startTime: number | undefined;
  /** What this machine's clock is ahead of the daemon's, in milliseconds. */
  clockOffset = 0;

  apply(status: BuildStatus, now: number): void {
    for (const event of status.vertexes ?? []) this.#vertex(event, now);
    for (const event of status.statuses ?? []) this.#status(event);
    for (const event of status.warnings ?? []) {
      this.warnings.push(event);
      this.#known(event.vertex)?.warnings.push(event);
    }
    for (const event of status.logs ?? []) {
      const step = this.#known(event.vertex);
      if (step === undefined) continue;
      const elapsed = time(event.timestamp) - (step.started ?? time(event.timestamp));
      step.log.append(Buffer.from(event.data, "base64").toString("latin1"), elapsed);
    }
  }

  #known(digest: string): Step | undefined {
    const step = this.steps.get(digest);
    if (step !== undefined) this.touched.add(digest);
    return step;
  }

  #vertex(event: BuildVertex, now: number): void {
    const step = this.steps.get(event.digest) ?? newStep(event);
    this.steps.set(event.digest, step);
    this.touched.add(event.digest);
    if (event.name) step.name = event.name;
    if (!event.started) return;
    const start = time(event.started);
    const end = event.completed ? time(event.completed) : undefined;
    if (this.startTime === undefined) {
      this.startTime = start;
      this.clockOffset = now - start;
    }
    if (step.started === undefined) this.begun.push(step);
    step.started = start;
    step.completed = end;
    step.cached = event.cached ?? false;
    step.error = event.error ?? "";
    step.intervals.set(event.started, { start, end });
  }

  #status(event: BuildVertexStatus): void {
    const step = this.#known(event.vertex);
    if (step === undefined) return;
    const { id, current, total = 0 } = event;
    step.statuses.set(id, {
      id,
      current,
      total,
      timestamp: time(event.timestamp),
      started: event.started ? time(event.started) : undefined,
      completed: event.completed ? time(event.completed) : undefined,
    });
    const changed = this.touchedStatuses.get(event.vertex) ?? new Set();
    this.touchedStatuses.set(event.vertex, changed.add(id));
  }
}

const newStep = ({ digest, name = "" }: BuildVertex): Step => ({
  digest,
  name,
  started: undefined,
  completed: undefined,
  cached: false,
  error: "",
  intervals: new Map(),
  statuses: new Map(),
  log: new LogText(),
  warnings: [],
});

/** Milliseconds since 1970, with the fraction that Date leaves out. */
function time(text: string): number {
  const fraction = /\.(\d+)/.exec(text)?.[1] ?? "";
  return Date.parse(text.replace(/\.\d+/, "")) + Number(`0.${fraction || "0"}`) * 1000;
}
