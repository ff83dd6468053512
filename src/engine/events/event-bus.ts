import { rfc3339Nano } from "../../lib/index.ts";
import type { EventMessage, EventType } from "../../spec/api/index.ts";
import type { Clock } from "./clock.ts";

export type Attributes = Record<string, string>;

/** Says that something happened. Never fails, never waits. */
export type Emit = (type: EventType, action: string, id: string, attributes: Attributes) => void;

/** The last events in memory, and whoever listens to new ones. */
export interface EventBus {
  emit: Emit;
  /** Kept events, the oldest first. */
  past(): readonly EventMessage[];
  /** Returns what ends the listening. */
  listen(listener: (event: EventMessage) => void): () => void;
  /** How many listen. */
  readonly listeners: number;
}

/** Keeps at most `capacity` events; a new one pushes the oldest out. */
export function createEventBus(clock: Clock, capacity = 1024): EventBus {
  const ring: EventMessage[] = [];
  const listeners = new Set<(event: EventMessage) => void>();
  return {
    emit(type, action, id, attributes) {
      const event = eventMessage(type, action, id, attributes, clock());
      ring.push(event);
      if (ring.length > capacity) ring.shift();
      for (const listener of listeners) listener(event);
    },
    past: () => ring,
    listen(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    get listeners() {
      return listeners.size;
    },
  };
}

/** An event in Docker's form; containers and images have the old members `status`, `id` and `from`, too. */
export function eventMessage(
  type: EventType,
  action: string,
  id: string,
  attributes: Attributes,
  timeNano: bigint,
): EventMessage {
  const old = type === "container" || type === "image" ? { status: action, id } : {};
  const from = type === "container" && attributes.image !== undefined ? { from: attributes.image } : {};
  return {
    ...old,
    ...from,
    Type: type,
    Action: action,
    Actor: { ID: id, Attributes: attributes },
    scope: "local",
    time: Number(timeNano / 1_000_000_000n),
    timeNano,
  };
}

/** A time of a record: RFC 3339 with nanoseconds, from the same clock as the events. */
export const instantText = (clock: Clock): string => rfc3339Nano(clock());
