/** What a container of a Compose project waits for before it starts, in Compose's words. */
export type Condition = "service_started" | "service_healthy" | "service_completed_successfully";

/** Another container, by id, and what has to be true of it. */
export interface Awaited {
  id: string;
  condition: Condition;
}

interface Labelled {
  id: string;
  labels: Readonly<Record<string, string>>;
}

const PROJECT = "com.docker.compose.project";
const SERVICE = "com.docker.compose.service";
/** "db:service_healthy:false,cache:service_started:true": service, condition, and whether a restart is passed on. */
const DEPENDS_ON = "com.docker.compose.depends_on";

/**
 * What each container waits for when all of them start, as the labels say that Compose 2 gives: ids that wait for nothing
 * are left out. Labels are anybody's: what cannot be read is no dependency, and where containers would wait for each
 * other, the one that comes first in the list does not. Pure.
 */
export function planStartOrder(containers: readonly Labelled[]): Map<string, Awaited[]> {
  const services = new Map<string, string[]>();
  for (const { id, labels } of containers) {
    const key = serviceKey(labels[PROJECT], labels[SERVICE]);
    if (key !== undefined) services.set(key, [...(services.get(key) ?? []), id]);
  }
  const order = new Map<string, Awaited[]>();
  for (const { id, labels } of containers) {
    const awaited = dependencies(labels[DEPENDS_ON] ?? "").flatMap(({ service, condition }) =>
      (services.get(serviceKey(labels[PROJECT], service) ?? "") ?? []).map((other) => ({ id: other, condition })),
    );
    const possible = awaited.filter((other) => !leadsTo(order, other.id, id));
    if (possible.length > 0) order.set(id, possible);
  }
  return order;
}

const serviceKey = (project: string | undefined, service: string | undefined) =>
  project === undefined || service === undefined ? undefined : JSON.stringify([project, service]);

function dependencies(text: string): { service: string; condition: Condition }[] {
  return text.split(",").flatMap((part) => {
    const [service = "", condition = "service_started"] = part.split(":");
    return service !== "" && isCondition(condition) ? [{ service, condition }] : [];
  });
}

const isCondition = (text: string): text is Condition =>
  text === "service_started" || text === "service_healthy" || text === "service_completed_successfully";

/** Whether one container waits for another, by way of however many. */
function leadsTo(order: ReadonlyMap<string, readonly Awaited[]>, from: string, to: string): boolean {
  const seen = new Set<string>();
  const ahead = [from];
  for (let id = ahead.pop(); id !== undefined; id = ahead.pop()) {
    if (id === to) return true;
    if (seen.has(id)) continue;
    seen.add(id);
    ahead.push(...(order.get(id) ?? []).map((awaited) => awaited.id));
  }
  return false;
}
