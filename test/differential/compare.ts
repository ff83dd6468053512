import type { Answer } from "../harness/api-request.ts";
import type { Asked } from "./requests.ts";

/**
 * What an answer says, without what two daemons cannot share: ids, times, sizes, paths. Of JSON the shape: the type of
 * every member (of a list, that of its first item), and the values that the request names.
 */
export function meaning({ same = [], statusOnly }: Asked, answer: Answer): Record<string, unknown> {
  const said: Record<string, unknown> = { status: answer.status, type: contentType(answer) };
  const { json } = answer;
  if (answer.status >= 400) return { ...said, message: normal(messageIn(json) ?? answer.text.trim()) };
  if (json === undefined || statusOnly === true) return said;
  for (const member of same) said[member] = at(json, member) ?? null;
  return { ...said, shape: shapeOf(json) };
}

const contentType = ({ headers }: Answer) => String(headers["content-type"] ?? "").split(";")[0];
const messageIn = (json: unknown) => (json as { message?: string } | undefined)?.message;

const normal = (text: string) =>
  text
    .replace(/[0-9a-f]{64}/g, "<id>")
    .replace(/\b[0-9a-f]{12}\b/g, "<short id>")
    .replace(/\s+/g, " ");

const at = (value: unknown, member: string) =>
  member.split(".").reduce<unknown>((inner, key) => (inner as Record<string, unknown> | undefined)?.[key], value);

function shapeOf(value: unknown): unknown {
  if (Array.isArray(value)) return value.length === 0 ? [] : [shapeOf(value[0])];
  if (value === null || typeof value !== "object") return value === null ? null : typeof value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, member]) => [key, shapeOf(member)]),
  );
}

/** The members in which two meanings differ, by dotted path. */
export function differences(docker: unknown, berth: unknown, path = ""): [string, unknown, unknown][] {
  if (JSON.stringify(docker) === JSON.stringify(berth)) return [];
  const both = [docker, berth];
  if (!both.every((each) => typeof each === "object" && each !== null)) return [[path, docker, berth]];
  const [a, b] = both as [Record<string, unknown>, Record<string, unknown>];
  const keys = [...new Set([...Object.keys(a), ...Object.keys(b)])];
  return keys.flatMap((key) => differences(a[key], b[key], path === "" ? key : `${path}.${key}`));
}
