/** One line of GET /events. */
export interface EventMessage {
  /** Only for containers, as Docker's deprecated fields. */
  status?: string;
  id?: string;
  from?: string;
  Type: EventType;
  Action: string;
  Actor: { ID: string; Attributes: Record<string, string> };
  scope: "local";
  /** Seconds. */
  time: number;
  /** Nanoseconds; above 2^53, so it is printed by hand: see engine/events. */
  timeNano: bigint;
}

export type EventType = "container" | "image" | "volume" | "network" | "daemon" | "builder" | "plugin";
