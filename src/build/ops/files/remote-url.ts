import { invalid } from "../../../lib/index.ts";

/** A git repository as Docker's users name it: its address, and behind `#` what of it is meant. */
export interface GitSource {
  readonly url: string;
  /** Branch, tag, commit or any reference; undefined for the default branch. */
  readonly ref: string | undefined;
  /** A folder of it. */
  readonly subdir: string | undefined;
}

/**
 * The repository that an address means by Docker's rules: git and ssh addresses, `git@host:path`, HTTP addresses whose
 * path ends with `.git`, and `github.com/…` without a scheme. undefined for a plain HTTP address. Throws "invalid" for
 * parts that git would read as options, and for a folder that leads outside.
 */
export function parseGitSource(text: string): GitSource | undefined {
  const [address = "", fragment = ""] = splitOnce(text, "#");
  const short = /^github\.com\/[^/]+\/[^/]+/.test(address);
  const http = /^https?:\/\//.test(address) && /\.git$/.test(new URL(address).pathname);
  if (!short && !http && !/^(git|ssh):\/\//.test(address) && !/^git@[^:/]+:/.test(address)) return undefined;
  const [ref = "", subdir = ""] = splitOnce(fragment, ":");
  if (ref.startsWith("-") || /[\s\0~^:?*[\\]|\.\./.test(ref))
    throw invalid(`invalid git reference: ${JSON.stringify(ref)}`);
  const names = subdir.split("/").filter((name) => name !== "" && name !== ".");
  if (names.includes("..")) throw invalid(`invalid git subdirectory: ${JSON.stringify(subdir)}`);
  return {
    url: short ? `https://${address}` : address,
    ref: ref === "" ? undefined : ref,
    subdir: names.length === 0 ? undefined : names.join("/"),
  };
}

function splitOnce(text: string, separator: string): [string, string] {
  const at = text.indexOf(separator);
  return at === -1 ? [text, ""] : [text.slice(0, at), text.slice(at + 1)];
}

/** An address without user and password, for whoever reads it. */
export function redactedUrl(text: string): string {
  return text.replace(/^([a-z+]+:\/\/)[^/@]*@/i, "$1xxxxx@");
}

/** The name of the file at an address: the last of its path. Throws "invalid" where it has none. */
export function fileNameOf(url: string): string {
  const name = decodeURIComponent(new URL(url).pathname.split("/").at(-1) ?? "");
  if (name === "" || name === "." || name === ".." || /[/\0]/.test(name))
    throw invalid(`cannot determine filename from url: ${redactedUrl(url)}`);
  return name;
}
