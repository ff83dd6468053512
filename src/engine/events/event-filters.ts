import type { EventMessage } from "../../spec/api/index.ts";
import type { Filters } from "../engine.ts";
import { matchesLabels } from "../filters.ts";

/**
 * Whether an event passes `GET /events`' filters, with Docker's meaning: values of one name are alternatives, names
 * have to agree. `event=exec_create` matches "exec_create: sh"; objects match by id, id prefix or name.
 */
export function matchesEvent(event: EventMessage, filters: Filters): boolean {
  for (const [name, values] of filters) {
    if (values.length > 0 && !matchesOne(event, name, values)) return false;
  }
  return true;
}

function matchesOne(event: EventMessage, name: string, values: readonly string[]): boolean {
  switch (name) {
    case "event":
      return values.some((value) => value === event.Action || event.Action.startsWith(`${value}:`));
    case "type":
      return values.includes(event.Type);
    case "scope":
      return values.includes(event.scope);
    case "label":
      return matchesLabels(event.Actor.Attributes, values);
    case "image":
      return matchesImage(event, values);
    case "container":
    case "volume":
    case "network":
    case "plugin":
    case "daemon":
      return matchesObject(event, name, values);
    default:
      return false;
  }
}

function matchesObject(event: EventMessage, type: string, values: readonly string[]): boolean {
  // An event of another object that names this one ("network connect") does not match, as with Docker.
  if (event.Type !== type) return false;
  const { ID, Attributes } = event.Actor;
  // Docker's "fuzzy" match: the beginning of either will do.
  return values.some((value) => ID.startsWith(value) || Attributes.name?.startsWith(value.replace(/^\//, "")) === true);
}

/** An image filter finds the image's own events, and those of containers made from it. */
function matchesImage(event: EventMessage, values: readonly string[]): boolean {
  const { ID, Attributes } = event.Actor;
  const name = event.Type === "image" ? Attributes.name : Attributes.image;
  const names = [ID, name ?? ""].flatMap((text) => [text, withoutTag(text)]);
  return values.some((value) => names.includes(value));
}

function withoutTag(name: string): string {
  const colon = name.lastIndexOf(":");
  return colon > name.lastIndexOf("/") ? name.slice(0, colon) : name;
}
