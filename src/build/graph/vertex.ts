import type { ContainerConfig } from "../../spec/api/index.ts";
import type { Digest, ImageConfig, Platform } from "../../spec/index.ts";
import type { AddInstruction, CopyInstruction, Location, RunInstruction, RunMount } from "../dockerfile/index.ts";

/** An image that a build begins with, as it is in the store. */
export interface BaseImage {
  /** As progress shows it: the full name, with the digest where one is known. */
  readonly name: string;
  readonly id: Digest;
  readonly config: ImageConfig;
  /** The lowest first. */
  readonly layers: readonly BaseLayer[];
}

export interface BaseLayer {
  readonly chainId: Digest;
  readonly diffId: Digest;
  readonly blob: { readonly mediaType: string; readonly digest: Digest; readonly size: number };
}

/** An image that planning needs and has not been given. */
export interface ImageNeed {
  readonly reference: string;
  readonly platform: Platform;
}

interface VertexBase {
  /** Its place in the graph; the same plan gives the same ids. */
  readonly id: string;
  /** As progress shows it: `[stage-1 2/6] RUN true`. */
  readonly name: string;
  readonly platform: Platform;
  /** Ids of the vertices whose results it needs. */
  readonly inputs: readonly string[];
  readonly file?: SourceFile;
  readonly location?: Location;
  /** A stage that is to be built anew. */
  readonly noCache: boolean;
  /** Nanoseconds since 1970: no time in its layer is later. */
  readonly epoch: bigint;
}

export interface SourceFile {
  readonly file: string;
  readonly lines: readonly string[];
}

export interface ImageVertex extends VertexBase {
  readonly kind: "image";
  readonly image: BaseImage;
}

export interface ContextVertex extends VertexBase {
  readonly kind: "context";
  /** "" is the build's own. */
  readonly context: string;
}

/** What a step of any kind runs with. */
interface StepBase extends VertexBase {
  /** undefined: it stands on nothing. */
  readonly base: string | undefined;
  readonly stage: string;
}

export interface RunVertex extends StepBase {
  readonly kind: "run";
  readonly instruction: RunInstruction;
  readonly args: readonly string[];
  /** What a script of a heredoc has for itself, at /dev/pipes/<name>. */
  readonly script: { readonly name: string; readonly data: string } | undefined;
  /** In the order in which they were set; ARGs are among them. */
  readonly env: readonly string[];
  /** Predefined proxy arguments: they reach the command but not the key. */
  readonly proxyEnv: readonly string[];
  readonly cwd: string;
  readonly user: string;
  readonly mounts: readonly { readonly mount: RunMount; readonly from: string | undefined }[];
}

export interface CopyVertex extends StepBase {
  readonly kind: "copy";
  readonly instruction: CopyInstruction | AddInstruction;
  /** The vertex whose files are copied; undefined where all sources are inline or remote. */
  readonly from: string | undefined;
  readonly cwd: string;
  readonly user: string;
}

export interface WorkdirVertex extends StepBase {
  readonly kind: "workdir";
  readonly path: string;
  readonly user: string;
}

export type StepVertex = RunVertex | CopyVertex | WorkdirVertex;
export type Vertex = ImageVertex | ContextVertex | StepVertex;

/** One entry that an instruction adds to an image's history. */
export interface HistoryStep {
  readonly createdBy: string;
  readonly emptyLayer: boolean;
}

/** What a stage is at its end. */
export interface StageState {
  readonly top: string | undefined;
  readonly base: BaseImage | undefined;
  readonly config: ContainerConfig;
  readonly author: string | undefined;
  /** Beyond the base image's own. */
  readonly history: readonly HistoryStep[];
  readonly platform: Platform;
  readonly epoch: bigint;
}

/** An instruction of a stage that is needed, in the order of the file; ONBUILD's are not among them. */
export interface PlannedStep {
  readonly text: string;
  /** Its vertex, where it has one. */
  readonly vertex: string | undefined;
}

export interface Graph {
  readonly steps: readonly PlannedStep[];
  /** Every vertex after its inputs. */
  readonly vertices: ReadonlyMap<string, Vertex>;
  readonly result: StageState;
  readonly platform: Platform;
}
