import { familiarName, formatReference, parseReference, withDefaultTag } from "../../../spec/index.ts";
import type { Context } from "../../core/context.ts";
import type { Output } from "../../core/output.ts";
import { showProgress } from "../../progress/show-progress.ts";
import { registryAuthHeader } from "../registry/credentials.ts";

export interface PullOptions {
  readonly image: string;
  readonly platform: string;
  readonly output: Output;
  readonly allTags?: boolean;
}

/** Pulls an image, showing the progress. Gives the full name of what was pulled. */
export async function pullImage(context: Context, options: PullOptions): Promise<string> {
  const parsed = parseReference(options.image);
  const reference = options.allTags ? parsed : withDefaultTag(parsed);
  const auth = await registryAuthHeader(context, reference.domain);
  const response = await context.client.request("POST", "/images/create", {
    query: {
      fromImage: familiarName(reference),
      tag: options.allTags ? undefined : (reference.digest ?? reference.tag),
      platform: options.platform || undefined,
    },
    headers: auth === undefined ? {} : { "X-Registry-Auth": auth },
  });
  await showProgress(response, options.output);
  return formatReference(reference);
}
