import type { Readable, Writable } from "node:stream";
import type {
  BuildCacheUsage,
  BuildPruneResponse,
  BuildRequest,
  ContainerChange,
  ContainerConfig,
  ContainerCreateBody,
  ContainerCreateResponse,
  ContainerInspect,
  ContainerSummary,
  ContextSyncAnswer,
  DoctorReport,
  EventMessage,
  ExecCreateBody,
  ExecInspect,
  ExecStartBody,
  ImageDeleteItem,
  ImageHistoryItem,
  ImageInspect,
  ImageSummary,
  ImagesPruneResponse,
  ImageWhy,
  JSONMessage,
  NetworkConnectBody,
  NetworkCreateBody,
  NetworkCreateResponse,
  NetworkDisconnectBody,
  NetworkInspect,
  NetworksPruneResponse,
  PathStat,
  RegistryAuth,
  Volume,
  VolumeCloneBody,
  VolumeCreateBody,
  VolumeListResponse,
  VolumeSnapshot,
  VolumeSnapshotBody,
  VolumesPruneResponse,
} from "../spec/api/index.ts";
import type { Vitals } from "./vitals.ts";

/** Parsed `filters` of a list endpoint: name → accepted values, in the order given. Both wire forms give this. */
export type Filters = ReadonlyMap<string, readonly string[]>;

/** Everything that the API can ask of the engine. A route takes the one service that it needs. */
export interface Engine {
  readonly containers: Containers;
  readonly execs: Execs;
  readonly images: Images;
  readonly volumes: Volumes;
  readonly networks: Networks;
  readonly events: Events;
  readonly system: System;
  readonly vitals: Vitals;
  readonly doctor: Doctor;
  readonly builds: Builds;
}

/**
 * The bytes of an attached process. `output` is ready for the wire: with a terminal raw, otherwise in Docker's
 * stream framing (8-byte header: stream, 0, 0, 0, length big-endian). It ends when the process has ended and all of
 * its output was read, or on detach. `input` ends the process's stdin when it is ended; undefined where stdin is not
 * attached. Destroying the session detaches and leaves the process alone.
 */
export interface AttachSession {
  readonly tty: boolean;
  readonly output: Readable;
  readonly input: Writable | undefined;
  destroy(): void;
}

export interface AttachOptions {
  stream: boolean;
  logs: boolean;
  stdin: boolean;
  stdout: boolean;
  stderr: boolean;
  /** "ctrl-p,ctrl-q" unless given; the engine watches for it on `input`, then ends `output`. */
  detachKeys?: string;
}

export interface LogsOptions {
  follow: boolean;
  stdout: boolean;
  stderr: boolean;
  /** Nanoseconds since 1970. */
  since?: bigint;
  until?: bigint;
  timestamps: boolean;
  /** Lines from the end; undefined for all. */
  tail?: number;
  details: boolean;
}

export type WaitCondition = "not-running" | "next-exit" | "removed";

export interface CommitOptions {
  repo?: string;
  tag?: string;
  author?: string;
  comment?: string;
  /** Freeze the container while its files are read. */
  pause: boolean;
  /** Lines of a Dockerfile. */
  changes: string[];
  /** What counts before the container's own configuration. */
  config?: ContainerConfig;
}

export interface Containers {
  /** `ref` everywhere: full id, unique id prefix, or name with or without its slash. */
  create(options: { name?: string; platform?: string; body: ContainerCreateBody }): Promise<ContainerCreateResponse>;
  list(options: { all: boolean; limit?: number; size: boolean; filters: Filters }): Promise<ContainerSummary[]>;
  inspect(ref: string, options: { size: boolean }): Promise<ContainerInspect>;
  /** Rejects with kind "already" where it runs. */
  start(ref: string, options: { detachKeys?: string }): Promise<void>;
  /** Rejects with kind "already" where it does not run. Timeout in seconds, -1 for none. */
  stop(ref: string, options: { signal?: string; timeout?: number }): Promise<void>;
  restart(ref: string, options: { signal?: string; timeout?: number }): Promise<void>;
  kill(ref: string, options: { signal?: string }): Promise<void>;
  pause(ref: string): Promise<void>;
  unpause(ref: string): Promise<void>;
  rename(ref: string, name: string): Promise<void>;
  remove(ref: string, options: { force: boolean; volumes: boolean; link: boolean }): Promise<void>;
  /** Resolves once the wait is registered (the API sends its headers then); `result` settles when it is over. */
  wait(
    ref: string,
    condition: WaitCondition,
    signal: AbortSignal,
  ): Promise<{ result: Promise<{ StatusCode: number; Error?: { Message: string } }> }>;
  /** Works before start: the session then begins with the process's first byte. */
  attach(ref: string, options: AttachOptions): Promise<AttachSession>;
  /** Log output, framed as an AttachSession's output is. */
  logs(ref: string, options: LogsOptions, signal: AbortSignal): Promise<{ tty: boolean; output: Readable }>;
  resize(ref: string, size: { height: number; width: number }): Promise<void>;
  /** HEAD /archive. Of a link that ends the path it tells the link. */
  statPath(ref: string, path: string): Promise<PathStat>;
  /** A path as a tar; volumes and binds are seen as in the container. */
  readArchive(ref: string, path: string, signal: AbortSignal): Promise<{ stat: PathStat; archive: Readable }>;
  /** Unpacks a tar, compressed or not, in an existing directory. */
  writeArchive(
    ref: string,
    path: string,
    archive: Readable,
    options: { noOverwriteDirNonDir: boolean; copyUIDGID: boolean },
    signal: AbortSignal,
  ): Promise<void>;
  /** What differs from the image; null where nothing does. */
  changes(ref: string): Promise<ContainerChange[] | null>;
  /** The root file system as a tar, without what is mounted in it. */
  export(ref: string, signal: AbortSignal): Promise<Readable>;
  /** Makes an image and gives its id. */
  commit(ref: string, options: CommitOptions): Promise<string>;
  /**
   * Makes the container again with what the body changes, keeping its name, volumes, networks and addresses. The old one
   * is back where the new one does not start or is not healthy within `timeout` seconds.
   */
  recreate(
    ref: string,
    body: ContainerCreateBody,
    options: { timeout: number; stopTimeout?: number; signal: AbortSignal },
  ): Promise<ContainerCreateResponse>;
  prune(filters: Filters): Promise<{ ContainersDeleted: string[] | null; SpaceReclaimed: number }>;
}

export interface Execs {
  create(container: string, body: ExecCreateBody): Promise<{ Id: string }>;
  /** undefined where Detach was asked for. */
  start(id: string, body: ExecStartBody): Promise<AttachSession | undefined>;
  inspect(id: string): Promise<ExecInspect>;
  resize(id: string, size: { height: number; width: number }): Promise<void>;
}

/** Progress of a long operation, in Docker's JSON stream. Resolves when the reader wants more. */
export type Progress = (message: JSONMessage) => void;

export interface Images {
  list(options: { all: boolean; filters: Filters; sharedSize: boolean; digests: boolean }): Promise<ImageSummary[]>;
  inspect(ref: string, options?: { platform?: string }): Promise<ImageInspect>;
  history(ref: string): Promise<ImageHistoryItem[]>;
  /** Which instruction put which bytes in, what of them nobody sees, and what a change would save. */
  why(ref: string, signal?: AbortSignal): Promise<ImageWhy>;
  tag(ref: string, target: string): Promise<void>;
  remove(ref: string, options: { force: boolean; prune: boolean; platforms?: string[] }): Promise<ImageDeleteItem[]>;
  prune(filters: Filters): Promise<ImagesPruneResponse>;
  pull(
    options: { image: string; tag?: string; platform?: string; auth?: RegistryAuth },
    progress: Progress,
    signal: AbortSignal,
  ): Promise<void>;
  load(archive: Readable, options: { quiet: boolean; platform?: string }, progress: Progress): Promise<void>;
  import(
    archive: Readable,
    options: { repo?: string; tag?: string; message?: string; changes: string[]; platform?: string },
    progress: Progress,
  ): Promise<void>;
  /** Bytes of a docker archive with an OCI layout inside. */
  save(refs: string[], options: { platform?: string }): Promise<Readable>;
}

export interface Volumes {
  create(body: VolumeCreateBody): Promise<Volume>;
  list(filters: Filters): Promise<VolumeListResponse>;
  inspect(name: string): Promise<Volume>;
  remove(name: string, options: { force: boolean }): Promise<void>;
  prune(filters: Filters): Promise<VolumesPruneResponse>;
  /** The volume as a tar.zst. With `pause` it shows one moment, for which the containers that have it stand still. */
  backup(name: string, options: { pause: boolean; signal: AbortSignal }): Promise<Readable>;
  /**
   * Replaces the volume's files by an archive's, compressed or not, once that is unpacked and has the digest; makes the
   * volume where there is none. Rejects "conflict" while a container runs with it. A failure leaves what was there.
   */
  restore(name: string, archive: Readable, options: { digest?: string; signal: AbortSignal }): Promise<Volume>;
  /** Makes a volume with the files of another. */
  clone(name: string, body: VolumeCloneBody): Promise<Volume>;
  createSnapshot(name: string, body: VolumeSnapshotBody): Promise<VolumeSnapshot>;
  /** The oldest first. */
  listSnapshots(name: string): Promise<VolumeSnapshot[]>;
  restoreSnapshot(name: string, snapshot: string): Promise<void>;
  removeSnapshot(name: string, snapshot: string): Promise<void>;
}

export interface Networks {
  create(body: NetworkCreateBody): Promise<NetworkCreateResponse>;
  list(filters: Filters): Promise<NetworkInspect[]>;
  /** `ref` everywhere: name, full id or unique id prefix. */
  inspect(ref: string): Promise<NetworkInspect>;
  remove(ref: string): Promise<void>;
  connect(ref: string, body: NetworkConnectBody): Promise<void>;
  disconnect(ref: string, body: NetworkDisconnectBody): Promise<void>;
  prune(filters: Filters): Promise<NetworksPruneResponse>;
}

export interface Events {
  /** Past events from `since`, then live ones until `until` (nanoseconds) or the signal. Object mode. */
  subscribe(
    options: { since?: bigint; until?: bigint; filters: Filters },
    signal: AbortSignal,
  ): AsyncIterable<EventMessage>;
}

export interface Builds {
  /** POST /build. Rejects where nothing was built yet; from the first step on a failure is told in the progress. */
  classic(
    build: { request: BuildRequest; quiet: boolean; remote?: string },
    body: Readable,
    progress: Progress,
    signal: AbortSignal,
  ): Promise<void>;
  /** One build on a connection of frames, see BUILD_FRAME. Never rejects. */
  graph(input: Readable, output: Writable, signal: AbortSignal): Promise<void>;
  /** Begins to bring the copy of a client's folder up to date. */
  syncContext(key: string, manifest: Readable): Promise<ContextSyncAnswer>;
  /** Takes the files that the copy lacks. */
  fillContext(id: string, archive: Readable): Promise<void>;
  /** Bounds in bytes; `maxUsed` undefined removes all that the filters name. */
  prune(options: {
    all: boolean;
    filters: Filters;
    reserved: number;
    maxUsed: number | undefined;
    minFree: number;
  }): Promise<BuildPruneResponse>;
  cache(): Promise<BuildCacheUsage>;
}

export interface Doctor {
  /** Compares the records with the disk and the kernel, and mends what can be mended without loss where asked to. */
  examine(options: { repair: boolean; deep: boolean; signal: AbortSignal }): Promise<DoctorReport>;
}

export interface System {
  info(): Promise<Record<string, unknown>>;
  version(): Promise<Record<string, unknown>>;
  /** With `total` also what the data root takes on disk, which walks through all of it. */
  df(options: { types?: string[]; total?: boolean }): Promise<Record<string, unknown>>;
  /** Checks credentials against a registry: POST /auth. */
  auth(credentials: RegistryAuth): Promise<{ Status: string; IdentityToken: string }>;
}
