/** What to read of a container's log, with the meaning that `docker logs` gives it. */
export interface ReadLogsOptions {
  /** The current log file; rotated ones are found beside it. A missing file is an empty log. */
  path: string;
  /** With a terminal the output is raw; otherwise each line is one frame, as Docker writes it. */
  tty: boolean;
  stdout: boolean;
  stderr: boolean;
  follow: boolean;
  timestamps: boolean;
  /** Nanoseconds since 1970; lines before `since` are left out, and reading ends at the first one after `until`. */
  since?: bigint;
  until?: bigint;
  /** Lines from the end, counted before anything else is left out; undefined for all. */
  tail?: number;
  /** Put before each line, after its timestamp: the attributes that `--details` shows, and a space. */
  prefix?: string;
  /** Settles when the container has ended; undefined where it does not run. Following goes on until then. */
  ended?: Promise<unknown>;
}
