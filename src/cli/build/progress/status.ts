/**
 * What a build says of itself while it runs, in the shape of BuildKit's SolveStatus: the lines of `--progress rawjson`.
 * A *vertex* is a step, a *status* a line of work below it, a *log* a piece of its output. Times are RFC 3339.
 */
export interface SolveStatus {
  readonly vertexes?: readonly VertexEvent[] | null;
  readonly statuses?: readonly StatusEvent[] | null;
  readonly logs?: readonly LogEvent[] | null;
  readonly warnings?: readonly WarningEvent[] | null;
}

export interface VertexEvent {
  readonly digest: string;
  readonly inputs?: readonly string[] | null;
  readonly name?: string;
  readonly started?: string | null;
  readonly completed?: string | null;
  readonly cached?: boolean;
  readonly error?: string;
}

export interface StatusEvent {
  readonly id: string;
  readonly vertex: string;
  readonly name?: string;
  readonly total?: number;
  readonly current: number;
  readonly timestamp: string;
  readonly started?: string | null;
  readonly completed?: string | null;
}

export interface LogEvent {
  readonly vertex: string;
  readonly stream?: number;
  /** Base64. */
  readonly data: string;
  readonly timestamp: string;
}

export interface WarningEvent {
  readonly vertex: string;
  readonly level?: number;
  /** Base64. */
  readonly short: string;
  readonly detail?: readonly string[] | null;
  readonly url?: string;
  readonly sourceInfo?: { readonly filename: string; readonly data: string } | null;
  readonly range?:
    | readonly { readonly start: { readonly line: number }; readonly end: { readonly line: number } }[]
    | null;
}
