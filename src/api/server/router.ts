import type { Route } from "./route.ts";
import { atLeast } from "./versions.ts";

export interface Match {
  readonly route: Route;
  readonly params: Readonly<Record<string, string>>;
}

export interface Router {
  /** The first route of the table for this method and decoded path (without version prefix), if there is one. */
  match(method: string, path: string): Match | undefined;
}

interface Compiled {
  readonly route: Route;
  readonly pattern: RegExp;
  readonly names: readonly string[];
}

/** Compiles a route table. Routes are looked up by method and first path segment, then tried in table order. */
export function createRouter(routes: readonly Route[]): Router {
  const groups = new Map<string, Compiled[]>();
  for (const route of routes) {
    const key = keyOf(route.method, route.path);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [compile(route)]);
    else group.push(compile(route));
  }
  return {
    match(method, path) {
      for (const candidate of groups.get(keyOf(method, path)) ?? []) {
        const found = candidate.pattern.exec(path);
        if (found !== null) return { route: candidate.route, params: paramsOf(candidate.names, found) };
      }
      return undefined;
    },
  };
}

const keyOf = (method: string, path: string) => {
  const end = path.indexOf("/", 1);
  return `${method} ${end < 0 ? path : path.slice(0, end)}`;
};

function compile(route: Route): Compiled {
  const names: string[] = [];
  const source = route.path.replace(/\{(\w+)(\.\.\.)?\}|[.*+?^$()[\]\\|]/g, (text, name?: string, rest?: string) => {
    if (name === undefined) return `\\${text}`;
    names.push(name);
    return rest === undefined ? "([^/]+)" : "(.+)";
  });
  return { route, names, pattern: new RegExp(`^${source}$`, "s") };
}

function paramsOf(names: readonly string[], found: RegExpExecArray): Record<string, string> {
  const params: Record<string, string> = {};
  names.forEach((name, i) => {
    params[name] = found[i + 1] ?? "";
  });
  return params;
}

/** Whether the route exists for a client of this version. */
export const isServed = (route: Route, version: string) => route.since === undefined || atLeast(version, route.since);
