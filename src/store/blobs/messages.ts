/** What the main thread and the ingest worker say to each other. Requests of one session are answered in order. */

export interface OpenRequest {
  op: "open";
  session: number;
  path: string;
  /** Keep what the file already holds and hash it again; otherwise it is started anew. */
  resume: boolean;
  /** Most bytes that the blob may have. */
  limit: number;
  /** Pack what is written with zstd at its fastest level; the blob is the packed form, and so are its limit and digest. */
  pack: boolean;
}

export interface WriteRequest {
  op: "write";
  session: number;
  chunk: Uint8Array<ArrayBuffer>;
  /** Bytes of the chunk that are meant. */
  size: number;
}

export interface FinishRequest {
  op: "finish";
  session: number;
  folder: string;
  /** Hex digest that the bytes must have. */
  expected?: string;
}

export interface DropRequest {
  op: "drop";
  session: number;
  keep: boolean;
}

export type IngestRequest = OpenRequest | WriteRequest | FinishRequest | DropRequest;

/** `value`: open → bytes kept; write → bytes so far; finish → hex digest and size; drop → nothing. */
export type IngestReply =
  | { seq: number; value: IngestValue }
  | { seq: number; failure: { kind: "corrupt" | "exhausted" | "internal"; message: string } };

export interface IngestValue {
  size: number;
  hex?: string;
}
