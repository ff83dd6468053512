import { createHash } from "node:crypto";
import type { BuildStatus, BuildVertex } from "../../spec/api/index.ts";

/** What a build tells of its vertices, in BuildKit's SolveStatus. */
export interface Progress {
  /** Named, with inputs, before it begins. */
  announce(vertex: ProgressVertex): void;
  begin(vertex: ProgressVertex): void;
  cached(vertex: ProgressVertex): void;
  done(vertex: ProgressVertex, error?: string): void;
  log(vertex: ProgressVertex, stream: 1 | 2, chunk: Buffer): void;
  /** A line of work below a vertex; `completed` ends it. */
  work(vertex: ProgressVertex, line: { id: string; current: number; total?: number; completed?: boolean }): void;
  /** The end of a vertex's output. */
  tail(id: string): string;
}

export interface ProgressVertex {
  readonly id: string;
  readonly name: string;
  readonly inputs: readonly string[];
}

/** The digest by which a vertex is known to the client. */
export const vertexDigest = (id: string) =>
  /^sha256:[0-9a-f]{64}$/.test(id) ? id : `sha256:${createHash("sha256").update(id).digest("hex")}`;

const TAIL_BYTES = 8 * 1024;

export function createProgress(emit: (status: BuildStatus) => void): Progress {
  const started = new Map<string, string>();
  const work = new Map<string, string>();
  const tails = new Map<string, string>();
  const now = () => new Date().toISOString();
  const vertex = ({ id, name, inputs }: ProgressVertex, more: Partial<BuildVertex> = {}) =>
    emit({ vertexes: [{ digest: vertexDigest(id), inputs: inputs.map(vertexDigest), name, ...more }] });
  const begun = (id: string) => {
    const time = started.get(id) ?? now();
    started.set(id, time);
    return time;
  };
  return {
    announce: (step) => vertex(step),
    begin: (step) => vertex(step, { started: begun(step.id) }),
    cached(step) {
      const time = begun(step.id);
      vertex(step, { started: time, completed: time, cached: true });
    },
    done(step, error) {
      vertex(step, { started: begun(step.id), completed: now(), ...(error === undefined ? {} : { error }) });
    },
    log({ id }, stream, chunk) {
      tails.set(id, ((tails.get(id) ?? "") + chunk.toString("latin1")).slice(-TAIL_BYTES));
      const data = chunk.toString("base64");
      emit({ logs: [{ vertex: vertexDigest(id), stream, data, timestamp: now() }] });
    },
    work(step, { id, current, total, completed }) {
      const key = `${step.id} ${id}`;
      const begin = work.get(key) ?? now();
      work.set(key, begin);
      const timestamp = now();
      const end = completed ? { completed: timestamp } : {};
      const of = total === undefined ? {} : { total };
      const line = { id, vertex: vertexDigest(step.id), name: id, current, timestamp, started: begin };
      emit({ statuses: [{ ...line, ...of, ...end }] });
    },
    tail: (id) => Buffer.from(tails.get(id) ?? "", "latin1").toString("utf8"),
  };
}
