/** Bounds on hostile Dockerfiles. The line's is BuildKit's own; the others are far above what people write. */
export const LIMITS = {
  fileBytes: 16 * 1024 * 1024,
  lineBytes: 65_535,
  instructions: 10_000,
  /** Comment lines kept above an instruction. */
  keptComments: 99,
  /** Levels of `${a:-${b:-…}}`. */
  nesting: 64,
  /** Characters of one expanded word. */
  expandedWord: 1024 * 1024,
  /** Steps of one pattern match in `${a##pattern}`. */
  patternSteps: 500_000,
} as const;
