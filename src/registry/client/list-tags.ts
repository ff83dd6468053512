import { BerthError, invalid } from "../../lib/index.ts";
import { isTag } from "../../spec/index.ts";
import { refusal } from "./registry-error.ts";
import { readBody } from "./response-body.ts";
import type { Session } from "./session.ts";
import type { Transport } from "./transport.ts";

const pageLimit = 4 * 1024 * 1024;
const tagLimit = 100_000;
const pages = 1000;

/** All tags of a repository, page by page as the registry links them. What is no tag is left out. */
export async function listTags(
  session: Session,
  transport: Transport,
  repository: string,
  signal: AbortSignal | undefined,
): Promise<string[]> {
  const tags: string[] = [];
  let path: string | undefined = `v2/${repository}/tags/list`;
  for (let page = 0; path !== undefined; page++) {
    if (page >= pages || tags.length > tagLimit) throw new BerthError("exhausted", `${repository} has too many tags`);
    const response = await session.send({ method: "GET", path, scope: `repository:${repository}:pull`, signal });
    if (response.status !== 200) throw await refusal(response, transport.timeouts.stall);
    tags.push(...parsePage(await readBody(response, pageLimit, transport.timeouts.stall, "list of tags")));
    path = nextPage(response.headers.link, response.url, repository);
  }
  return tags;
}

function parsePage(body: Buffer): string[] {
  try {
    const { tags } = JSON.parse(body.toString()) as { tags?: unknown };
    return Array.isArray(tags) ? tags.filter((tag): tag is string => typeof tag === "string" && isTag(tag)) : [];
  } catch (error) {
    throw invalid("the registry's list of tags is not JSON", { cause: error });
  }
}

/** The next page's path; only that list, at that registry. */
function nextPage(link: string | string[] | undefined, url: URL, repository: string): string | undefined {
  const header = Array.isArray(link) ? link.join(",") : (link ?? "");
  const [, target] = /<([^<>]{1,2000})>\s*;\s*rel="?next"?/.exec(header) ?? [];
  if (target === undefined || !URL.canParse(target, url.href)) return undefined;
  const next = new URL(target, url);
  if (next.origin !== url.origin || next.pathname !== `/v2/${repository}/tags/list`) return undefined;
  return next.search === url.search ? undefined : `${next.pathname.slice(1)}${next.search}`;
}
