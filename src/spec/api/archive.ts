/** What X-Docker-Container-Path-Stat tells of a path in a container, in this order. */
export interface PathStat {
  name: string;
  size: number;
  /** Go's os.FileMode. */
  mode: number;
  /** RFC 3339. */
  mtime: string;
  /** Of a link: the path in the container where it leads in the end. */
  linkTarget: string;
}

/** One of GET /containers/{id}/changes: 0 modified, 1 added, 2 deleted. */
export interface ContainerChange {
  Path: string;
  Kind: number;
}
