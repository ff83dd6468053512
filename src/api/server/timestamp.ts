import { doing, parseTimestamp } from "../../lib/index.ts";

/**
 * The API's times (`since`, `until`) as nanoseconds since 1970: seconds with an optional fraction, RFC 3339, or a
 * duration before now. Undefined where the parameter is missing or empty. Fails "invalid".
 */
export function parseApiTime(text: string | null | undefined, name: string): bigint | undefined {
  if (text === null || text === undefined || text === "") return undefined;
  try {
    return parseTimestamp(text);
  } catch (error) {
    throw doing(`invalid value for "${name}"`, error);
  }
}
