/** Bytes and files at a path of an image. */
export interface ImageShare {
  Path: string;
  Size: number;
  Files: number;
}

/** What a later layer takes out of sight: the bytes stay in the image. */
export interface ImageHidden extends ImageShare {
  How: "deleted" | "replaced";
  /** Number of the layer that does so, from 1. */
  Layer: number;
}

/** One layer of GET /images/{name}/why (Berth's own), the lowest first. */
export interface ImageWhyLayer {
  /** From 1. */
  Layer: number;
  CreatedBy: string;
  /** Seconds. */
  Created: number;
  DiffID: string;
  Size: number;
  Files: number;
  HiddenSize: number;
  /** The largest folders, up to two names deep. */
  Folders: ImageShare[];
  /** The largest paths that a later layer hides. */
  Hidden: ImageHidden[];
}

export interface ImageSaving {
  Layer: number;
  Size: number;
  Reason: string;
  Suggestion: string;
}

export interface ImageWhy {
  Id: string;
  Size: number;
  HiddenSize: number;
  Layers: ImageWhyLayer[];
  /** What a change would save, the most first. A byte may count in two of them. */
  Savings: ImageSaving[];
}
