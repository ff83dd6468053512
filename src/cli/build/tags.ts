import { messageOf } from "../../lib/index.ts";
import { familiar, parsePlatform, parseReference, withDefaultTag } from "../../spec/index.ts";
import { failure } from "./fail.ts";

/** The tags of a build in their familiar form, each checked. */
export function checkTags(tags: readonly string[]): string[] {
  return tags.map((tag) => {
    try {
      return familiar(withDefaultTag(parseReference(tag)));
    } catch (error) {
      const why = /must be lowercase/.test(messageOf(error)) ? "repository name must be lowercase" : messageOf(error);
      throw failure(`invalid tag ${JSON.stringify(tag)}: ${why}`);
    }
  });
}

/** The platforms of a build, each checked, in the order given. */
export function checkPlatforms(platforms: readonly string[]): string[] {
  return platforms
    .flatMap((text) => text.split(","))
    .filter((text) => text !== "")
    .map((text) => {
      if (text === "local") return text;
      try {
        parsePlatform(text);
        return text;
      } catch (error) {
        throw failure(messageOf(error));
      }
    });
}
