import type { Ulimit } from "./container.ts";
import type { RegistryAuth } from "./image.ts";

/**
 * The wire of Berth's builder. `POST /berth/build` leaves HTTP; both sides then send frames: type (u8), length (u32,
 * big-endian), payload. The client's first frame is the request. The last JSON frame of the daemon is `{result}` or
 * `{error}`. Closing the connection cancels the build.
 */
export const BUILD_FRAME = {
  /** Client: the request, once. Daemon: a `BuildMessage`. */
  json: 0,
  /** Both: data of an ssh agent's connection: channel (u32), bytes; no bytes close it. */
  ssh: 1,
  /** Client: what is typed into the debug shell. Daemon: what it prints. */
  shell: 2,
  /** Client: `{height, width}` of the debug shell's terminal. */
  resize: 3,
  /** Client: the archive of a `tar` context; an empty frame ends it. */
  context: 4,
  /** Daemon: the archive of the one output that goes to the client. */
  output: 5,
} as const;

/** Files that a build begins with. */
export type BuildContextSource =
  /** A folder that `POST /berth/build/context` has brought here. */
  | { readonly kind: "synced"; readonly id: string }
  | { readonly kind: "tar" }
  | { readonly kind: "empty" }
  /** A git repository or an archive, fetched by the daemon. */
  | { readonly kind: "remote"; readonly url: string }
  | { readonly kind: "image"; readonly reference: string }
  | { readonly kind: "layout"; readonly path: string; readonly reference: string };

export interface BuildOutputRequest {
  /** image, registry, docker, oci, tar, local or cacheonly. */
  readonly type: string;
  readonly attributes: Readonly<Record<string, string>>;
  /** Its archive is sent in `output` frames. */
  readonly toClient: boolean;
}

export interface BuildCacheEntry {
  readonly type: string;
  readonly attributes: Readonly<Record<string, string>>;
}

/** Sizes in bytes; 0 and "" leave a limit out. */
export interface BuildLimits {
  readonly memory?: number;
  readonly memorySwap?: number;
  readonly cpuShares?: number;
  readonly cpuPeriod?: number;
  readonly cpuQuota?: number;
  readonly cpusetCpus?: string;
  readonly cpusetMems?: string;
  readonly shmSize?: number;
  readonly ulimits?: readonly Ulimit[];
  readonly cgroupParent?: string;
}

/** The request frame. What is absent has Docker's default. */
export interface BuildRequest {
  readonly context: BuildContextSource;
  readonly contexts?: Readonly<Record<string, BuildContextSource>>;
  /** `data` (base64) outdoes the file of that name in the context. */
  readonly dockerfile?: { readonly name: string; readonly data?: string };
  readonly ignore?: { readonly name: string; readonly data: string };
  readonly call?: "build" | "check";
  /** With `call: "check"`: the safe changes are made, and the file comes back in the result. */
  readonly fix?: boolean;
  /** "on": a shell where a step fails. "STAGE:LINE": there. */
  readonly debug?: string;
  readonly target?: string;
  readonly buildArgs?: Readonly<Record<string, string>>;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly tags?: readonly string[];
  readonly platforms?: readonly string[];
  /** None: an image in the store. */
  readonly outputs?: readonly BuildOutputRequest[];
  readonly cacheFrom?: readonly BuildCacheEntry[];
  readonly cacheTo?: readonly BuildCacheEntry[];
  /** `data` in base64. */
  readonly secrets?: readonly { readonly id: string; readonly data: string }[];
  /** Ids of the agents that the client serves. */
  readonly ssh?: readonly string[];
  /** "name:address". */
  readonly hosts?: readonly string[];
  readonly noCache?: boolean;
  /** Names of stages that are built anew. */
  readonly noCacheFilter?: readonly string[];
  readonly pull?: boolean;
  readonly squash?: boolean;
  readonly network?: string;
  /** Entitlements: "network.host", "security.insecure". */
  readonly allow?: readonly string[];
  readonly limits?: BuildLimits;
  readonly auths?: Readonly<Record<string, RegistryAuth>>;
  /** SOURCE_DATE_EPOCH of the client's environment, in seconds. */
  readonly sourceDateEpoch?: number;
}

/** An event of `--progress rawjson`: BuildKit's SolveStatus. Times are RFC 3339. */
export interface BuildStatus {
  readonly vertexes?: readonly BuildVertex[];
  readonly statuses?: readonly BuildVertexStatus[];
  readonly logs?: readonly BuildLog[];
  readonly warnings?: readonly BuildWarning[];
}

/** A step. It is sent again whenever something of it changes. */
export interface BuildVertex {
  readonly digest: string;
  readonly inputs?: readonly string[];
  readonly name: string;
  readonly started?: string;
  readonly completed?: string;
  readonly cached?: boolean;
  readonly error?: string;
}

/** A line of work below a step: an upload, a download. */
export interface BuildVertexStatus {
  readonly id: string;
  readonly vertex: string;
  readonly name?: string;
  readonly total?: number;
  readonly current: number;
  readonly timestamp: string;
  readonly started?: string;
  readonly completed?: string;
}

export interface BuildLog {
  readonly vertex: string;
  readonly stream: 1 | 2;
  /** Base64. */
  readonly data: string;
  readonly timestamp: string;
}

export interface BuildWarning {
  readonly vertex: string;
  readonly level: number;
  /** Base64, as the details are. */
  readonly short: string;
  readonly detail: readonly string[];
  readonly url?: string;
  readonly sourceInfo?: { readonly filename: string; readonly data: string; readonly language?: string };
  readonly range?: readonly { readonly start: BuildPosition; readonly end: BuildPosition }[];
}

export interface BuildPosition {
  readonly line: number;
  readonly character?: number;
}

export interface BuildResult {
  /** Digest of the image's config; absent where no image was made. */
  readonly imageId?: string;
  /** What --metadata-file writes: `containerimage.digest`, `containerimage.config.digest`, `image.name`, …. */
  readonly metadata?: Readonly<Record<string, unknown>>;
  /** With `fix`: the Dockerfile after it, in base64. */
  readonly fixed?: string;
}

export interface BuildFailure {
  readonly message: string;
  readonly hint?: string;
  /** Of the failing command. The client's own exit code is 1 all the same, as buildx's. */
  readonly stepExitCode?: number;
  /** Vertex of the step that failed. */
  readonly vertex?: string;
  /** The end of the step's output. */
  readonly tail?: string;
  /** The Dockerfile and the lines of the instruction; `data` in base64. */
  readonly source?: {
    readonly filename: string;
    readonly data: string;
    readonly start: number;
    readonly end: number;
    /** The word that is meant, where it is known; both from 1. */
    readonly at?: { readonly line: number; readonly column: number };
  };
}

/** What the daemon's JSON frames hold. */
export type BuildMessage =
  | BuildStatus
  | { readonly result: BuildResult }
  | { readonly error: BuildFailure }
  /** An ssh channel is opened for the agent of that id. */
  | { readonly ssh: { readonly channel: number; readonly id: string } }
  /** The debug shell has begun, or is over. */
  | { readonly shell: "open" | "closed" };

/** A record of GET /system/df's BuildCache, and of GET /berth/build/cache. */
export interface BuildCacheRecord {
  ID: string;
  Parents?: string[];
  /** internal, frontend, source.local, source.git.checkout, exec.cachemount or regular. */
  Type: string;
  Description: string;
  InUse: boolean;
  Shared: boolean;
  /** Bytes. */
  Size: number;
  CreatedAt: string;
  LastUsedAt: string | null;
  UsageCount: number;
}

export interface BuildPruneResponse {
  CachesDeleted: string[] | null;
  SpaceReclaimed: number;
}

/** GET /berth/build/cache. The ceiling tells what is kept at most, in bytes. */
export interface BuildCacheUsage {
  records: BuildCacheRecord[];
  ceiling: { maxUsedSpace: number; minFreeSpace: number; reservedSpace: number };
}

/**
 * How a client's folder comes to the daemon. `POST /berth/build/context?key=FOLDER` has its manifest as body: a line of
 * JSON for each entry, folders before what is in them. The answer names the lines (from 0) whose files the daemon lacks;
 * `POST /berth/build/context/{id}` then has those as a tar, under their paths. Where nothing is lacked, nothing follows.
 */
export type ContextLine = readonly [
  /** Relative, UTF-8, "/" between names. */
  path: string,
  /** Type and permissions, as stat(2) gives them. */
  mode: number,
  /** Bytes of a file; 0 of anything else. */
  size: number,
  /** Nanoseconds since 1970, in decimal digits. */
  mtime: string,
  /** Of a symbolic link. */
  target?: string,
];

export interface ContextSyncAnswer {
  readonly id: string;
  readonly need: readonly number[];
}
