import { invalid } from "../lib/index.ts";
import { type Digest, isDigest, parseDigest } from "./digest.ts";

/**
 * An image name in its full form, by the grammar of Docker's reference package: `docker.io/library/busybox` is
 * { domain: "docker.io", path: "library/busybox" }. Neither tag nor digest is made up: see withDefaultTag.
 */
export interface Reference {
  /** Host with optional port; "docker.io" where the text named none. */
  readonly domain: string;
  /** Repository path in the registry, lower case. */
  readonly path: string;
  readonly tag?: string;
  readonly digest?: Digest;
}

const defaultDomain = "docker.io";
const officialPrefix = "library/";
const nameLimit = 255;
const textLimit = 4096;

const domainComponent = "[a-zA-Z0-9]+(?:-+[a-zA-Z0-9]+)*";
const domainText = `(?:${domainComponent}(?:\\.${domainComponent})*|\\[[a-fA-F0-9:]+\\])(?::[0-9]+)?`;
const pathComponent = "[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*";
const tagText = "[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}";
const digestText = "[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}";
const whole = new RegExp(
  `^(${domainText})/(${pathComponent}(?:/${pathComponent})*)(?::(${tagText}))?(?:@(${digestText}))?$`,
);
const identifier = /^[a-f0-9]{64}$/;

/** Parses an image name as a Docker user types it. Throws "invalid" with Docker's texts. */
export function parseReference(text: string): Reference {
  if (identifier.test(text))
    throw invalid(`invalid repository name (${text}), cannot specify 64-byte hexadecimal strings`);
  if (text.length > textLimit) throw invalid("invalid reference format");
  const { domain, rest } = splitDomain(text);
  const colon = rest.indexOf(":");
  const remote = colon < 0 ? rest : rest.slice(0, colon);
  if (remote.toLowerCase() !== remote)
    throw invalid(`invalid reference format: repository name (${remote}) must be lowercase`);
  return parseFull(`${domain}/${rest}`);
}

/** As parseReference, for a name without tag or digest: the target of `import`, a repository filter. */
export function parseRepository(text: string): Reference {
  const reference = parseReference(text);
  if (reference.tag !== undefined || reference.digest !== undefined)
    throw invalid(`invalid repository name (${text}): it has a tag or a digest`);
  return reference;
}

/**
 * What a user can call an image by: a digest of its own (64 hex digits or `sha256:…`), or a name. A shorter
 * hexadecimal text is a name here: whether it is a prefix of an id is for the store to say.
 */
export function parseAnyReference(text: string): { id: Digest } | { reference: Reference } {
  if (identifier.test(text)) return { id: `sha256:${text}` };
  if (isDigest(text)) return { id: text };
  return { reference: parseReference(text) };
}

/** Whether the text is a valid tag: at most 128 of word characters, dots and dashes, not beginning with those two. */
export function isTag(text: string): boolean {
  return new RegExp(`^${tagText}$`).test(text);
}

/** Adds "latest" where there is neither tag nor digest, as Docker's TagNameOnly. */
export function withDefaultTag(reference: Reference): Reference {
  return reference.tag === undefined && reference.digest === undefined ? { ...reference, tag: "latest" } : reference;
}

/** `domain/path`, the repository alone in full form. */
export function repositoryName(reference: Reference): string {
  return `${reference.domain}/${reference.path}`;
}

/**
 * The repository as a user writes it: without docker.io and, there, without library/. It reads back as the same one:
 * `docker.io/a.b/c` keeps its domain, because `a.b/c` is at another registry.
 */
export function familiarName(reference: Reference): string {
  if (reference.domain !== defaultDomain) return repositoryName(reference);
  const { path } = reference;
  const official = path.startsWith(officialPrefix) ? path.slice(officialPrefix.length) : undefined;
  if (official !== undefined && !official.includes("/")) return official;
  return splitDomain(path).domain === defaultDomain && path.includes("/") ? path : repositoryName(reference);
}

/** The whole reference in the short form that Docker prints, with tag and digest where it has them. */
export function familiar(reference: Reference): string {
  return familiarName(reference) + suffix(reference);
}

/** The whole reference in full form: `docker.io/library/busybox:latest`. */
export function formatReference(reference: Reference): string {
  return repositoryName(reference) + suffix(reference);
}

function suffix({ tag, digest }: Reference): string {
  return (tag === undefined ? "" : `:${tag}`) + (digest === undefined ? "" : `@${digest}`);
}

function splitDomain(text: string): { domain: string; rest: string } {
  const slash = text.indexOf("/");
  if (slash < 0) return { domain: defaultDomain, rest: officialPrefix + text };
  const first = text.slice(0, slash);
  const isDomain = first === "localhost" || /[.:]/.test(first) || first.toLowerCase() !== first;
  const domain = !isDomain || first === "index.docker.io" ? defaultDomain : first;
  const rest = isDomain ? text.slice(slash + 1) : text;
  return { domain, rest: domain === defaultDomain && !rest.includes("/") ? officialPrefix + rest : rest };
}

function parseFull(text: string): Reference {
  const [, domain, path, tag, digest] = whole.exec(text) ?? [];
  if (domain === undefined || path === undefined) {
    if (whole.test(text.toLowerCase())) throw invalid("invalid reference format: repository name must be lowercase");
    throw invalid("invalid reference format");
  }
  if (path.length > nameLimit || domain.length > nameLimit)
    throw invalid(`repository name must not be more than ${nameLimit} characters`);
  if (digest !== undefined) parseDigest(digest);
  return { domain, path, ...(tag === undefined ? {} : { tag }), ...(digest === undefined ? {} : { digest }) };
}
