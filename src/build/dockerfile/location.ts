/** A range of a Dockerfile. Lines and columns count from 1; the end column is the one after the last character. */
export interface Location {
  readonly startLine: number;
  readonly startColumn: number;
  readonly endLine: number;
  readonly endColumn: number;
}
