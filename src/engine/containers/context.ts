import { messageOf } from "../../lib/index.ts";
import type { Networking } from "../../network/index.ts";
import type { Machine, Runtime, SpecDefaults } from "../../runtime/index.ts";
import type { LogConfig } from "../../spec/api/index.ts";
import type { ImageRecord, Snapshots } from "../../store/index.ts";
import type { Packer } from "../../store/layers/index.ts";
import type { ContainerRecords, RunStates } from "../../store/records/index.ts";
import type { Archives, Trees } from "../../store/trees/index.ts";
import type { Attributes, Clock, EventBus } from "../events/index.ts";
import type { CommitImageOptions } from "../images/index.ts";
import type { VolumeUse } from "../volumes/index.ts";
import type { Container, RunState } from "./container.ts";
import type { Names } from "./network/names.ts";
import type { Registry } from "./registry.ts";
import type { StartGate } from "./start/start-gate.ts";

export interface ContainersSettings {
  dataRoot: string;
  execRoot: string;
  /** Daemon-wide defaults. */
  log: LogConfig;
  spec: SpecDefaults;
  dns: { servers: string[]; search: string[]; options: string[] };
  /** Program that is pid 1 with --init. */
  initPath: string | undefined;
  cgroupParent: string;
  /** Seconds before a stop becomes a kill, unless the container or the caller says otherwise. */
  stopTimeout: number;
  cgroupnsMode: "private" | "host";
  ipcMode: "private" | "shareable";
  /** Bytes of /dev/shm. */
  shmSize: number;
}

/** What the verbs on containers work with. */
export interface ContainersContext {
  readonly registry: Registry;
  readonly records: ContainerRecords;
  readonly runs: RunStates<RunState>;
  readonly runtime: Runtime;
  readonly images: {
    resolve(ref: string, platform?: string): Promise<ImageRecord>;
    get(id: string): ImageRecord | undefined;
    /** Ids of the image that a reference names and of those made from it; undefined where there is none. */
    family(ref: string): readonly string[] | undefined;
    /** Whether a name still stands for that image. */
    nameHolds(ref: string, id: string): boolean;
    /** A container made from the image is there, and has gone. */
    acquire(id: string, user: string): void;
    release(id: string, user: string): Promise<void>;
    /** Makes an image of an image and one layer more. */
    commit(options: CommitImageOptions): Promise<string>;
  };
  readonly volumes: VolumeUse;
  readonly networking: Networking;
  /** What containers are called on their networks, and who answers their questions. */
  readonly names: Names;
  /** Whose turn it is to start. */
  readonly gate: StartGate;
  readonly snapshots: Snapshots;
  readonly trees: Trees;
  readonly archives: Archives;
  readonly packer: Packer;
  readonly bus: EventBus;
  readonly clock: Clock;
  /** Changes with each boot of the machine. */
  readonly bootId: string;
  readonly machine: Machine;
  readonly settings: ContainersSettings;
  readonly hostname: string;
  /** Work that goes on after an answer was given; its failure is reported. */
  background(what: string, work: () => Promise<unknown>): void;
  warn(message: string): void;
}

/** Attributes of a container's events: its labels, image and name, and what the action adds. */
function attributesOf(container: Container, extra: Attributes = {}): Attributes {
  const { config, imageRef, name } = container.record;
  return { ...config.Labels, ...extra, image: imageRef, name };
}

export function emitContainer(
  context: ContainersContext,
  container: Container,
  action: string,
  extra: Attributes = {},
): void {
  context.bus.emit("container", action, container.id, attributesOf(container, extra));
}

/** The rules of transitions.ts ask for these. */
export function subjectOf(container: Container) {
  const { id, phase, record, state } = container;
  return { id, phase, name: record.name, status: state.status };
}

/**
 * Replaces the state, in memory and on disk. Only in the container's queue. Never fails: on a full disk a container has
 * to be stopped all the same, and what has just been started runs.
 */
export async function saveState(
  context: ContainersContext,
  container: Container,
  state: Container["state"],
): Promise<void> {
  container.state = state;
  await context.records.saveState(container.id, state).catch((error: unknown) => {
    context.warn(`state of container ${container.id}: ${messageOf(error)}`);
  });
}
