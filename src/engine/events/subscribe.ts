import type { EventMessage } from "../../spec/api/index.ts";
import type { Events, Filters } from "../engine.ts";
import type { EventBus } from "./event-bus.ts";
import { matchesEvent } from "./event-filters.ts";

/** A reader that is this many events behind is cut off: its buffer must not grow without end. */
const MAX_BEHIND = 10_000;
const MAX_TIMER = 2 ** 31 - 1;

/** The Events service over a bus. */
export function createEvents(bus: EventBus): Events {
  return { subscribe: (options, signal) => subscribe(bus, options, signal) };
}

interface Window {
  since?: bigint;
  until?: bigint;
  filters: Filters;
}

/** Listens from this call on, so that nothing falls between the past and what follows; until the signal at most. */
function subscribe(bus: EventBus, options: Window, signal: AbortSignal): AsyncGenerator<EventMessage> {
  const inbox = createInbox(pastEvents(bus, options));
  const stop = bus.listen((event) => {
    const late = options.until !== undefined && event.timeNano > options.until;
    if (!late && matchesEvent(event, options.filters)) inbox.push(event);
  });
  const timer = options.until === undefined ? undefined : callAt(options.until, inbox.end);
  const close = () => {
    stop();
    clearTimeout(timer);
    signal.removeEventListener("abort", close);
    inbox.end();
  };
  signal.addEventListener("abort", close);
  if (signal.aborted) close();
  return read(inbox, signal, close);
}

async function* read(inbox: Inbox, signal: AbortSignal, close: () => void): AsyncGenerator<EventMessage> {
  try {
    for (;;) {
      const event = await inbox.next();
      if (event === undefined || signal.aborted) return;
      yield event;
    }
  } finally {
    close();
  }
}

interface Inbox {
  push(event: EventMessage): void;
  end: () => void;
  /** undefined once it has ended and is empty. */
  next(): Promise<EventMessage | undefined>;
}

function createInbox(waiting: EventMessage[]): Inbox {
  let over = false;
  let wake = () => {};
  const end = () => {
    over = true;
    wake();
  };
  return {
    end,
    push(event) {
      if (over) return;
      waiting.push(event);
      if (waiting.length > MAX_BEHIND) over = true;
      wake();
    },
    async next() {
      while (waiting.length === 0 && !over) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
      return waiting.shift();
    },
  };
}

function pastEvents(bus: EventBus, { since, until, filters }: Window): EventMessage[] {
  if (since === undefined && until === undefined) return [];
  return bus.past().filter((event) => {
    if (since !== undefined && event.timeNano < since) return false;
    return (until === undefined || event.timeNano <= until) && matchesEvent(event, filters);
  });
}

function callAt(until: bigint, end: () => void): NodeJS.Timeout | undefined {
  const left = Number(until / 1_000_000n) - Date.now();
  // Further away than a timer can count is as good as never.
  return left > MAX_TIMER ? undefined : setTimeout(end, Math.max(left, 0));
}
