/** An OCI runtime as the daemon was told of it. */
export interface RuntimeProgram {
  /** Absolute path. */
  path: string;
  args?: readonly string[];
}

/** A runtime that the driver uses. */
export interface NamedRuntime {
  name: string;
  path: string;
  /** The user's arguments, then --root. */
  args: readonly string[];
  /** Where it keeps a folder for each container. */
  stateRoot: string;
}
