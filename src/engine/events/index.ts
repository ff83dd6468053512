/**
 * What happened, kept in a bounded ring and told to whoever listens. An *actor* is the object that an event is about;
 * its *attributes* are its labels, its name and what the action adds.
 */
export { type Clock, createClock } from "./clock.ts";
export { type Attributes, createEventBus, type Emit, type EventBus, instantText } from "./event-bus.ts";
export { createEvents } from "./subscribe.ts";
