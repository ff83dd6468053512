import { notFound } from "../../lib/index.ts";
import type { ExecHandle } from "../../runtime/index.ts";
import type { ExecCreateBody } from "../../spec/api/index.ts";
import type { Container } from "../containers/container.ts";

/** A process to be run, that runs, or that has run in a container; in memory only, as with Docker. */
export interface Exec {
  readonly id: string;
  readonly container: Container;
  readonly body: ExecCreateBody;
  /** "starting" from the moment that a start was asked for. */
  phase: "created" | "starting" | "running" | "ended";
  handle: ExecHandle | undefined;
  exitCode: number | null;
  pid: number;
}

/** How many ended execs of one container are remembered, so that thousands of them do not fill the memory. */
const MAX_ENDED = 100;

export interface ExecRegistry {
  add(exec: Exec): void;
  /** Throws "not-found" with Docker's text. */
  find(id: string): Exec;
  /** Remembers an ended exec for those who ask for its exit code, and forgets older ones. */
  retire(exec: Exec): void;
}

export function createExecRegistry(): ExecRegistry {
  const execs = new Map<string, Exec>();
  const ended = new Map<Container, string[]>();
  return {
    add(exec) {
      execs.set(exec.id, exec);
      exec.container.execs.add(exec.id);
      // With its container an exec goes, too.
      if (!ended.has(exec.container)) {
        const list: string[] = [];
        ended.set(exec.container, list);
        void exec.container.removed.wait().then(() => {
          for (const id of [...list, ...exec.container.execs]) execs.delete(id);
          ended.delete(exec.container);
        });
      }
    },
    find(id) {
      const exec = execs.get(id);
      if (exec === undefined) throw notFound(`No such exec instance: ${id}`);
      return exec;
    },
    retire(exec) {
      exec.container.execs.delete(exec.id);
      const list = ended.get(exec.container);
      list?.push(exec.id);
      const oldest = list !== undefined && list.length > MAX_ENDED ? list.shift() : undefined;
      if (oldest !== undefined) execs.delete(oldest);
    },
  };
}
