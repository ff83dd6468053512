/** One `cp` between a container and here; `-` is standard input or output. */
export interface CopyOptions {
  container: string;
  source: string;
  destination: string;
  followLink: boolean;
  /** Give everything to the container's user. */
  copyOwner: boolean;
  quiet: boolean;
}
