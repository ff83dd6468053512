import { parsePlatform } from "../../../spec/index.ts";

/** A --platform as the API's JSON parameter; undefined where it is not given. */
export function platformJson(text: string): string | undefined {
  return text === "" ? undefined : JSON.stringify(parsePlatform(text));
}
