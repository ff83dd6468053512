import { statSync } from "node:fs";
import { resolve } from "node:path";
import { failure } from "../fail.ts";

/** Where the files of a build come from. A remote one is fetched by the daemon. */
export type ContextPlace =
  | { readonly kind: "folder"; readonly path: string }
  | { readonly kind: "stdin" }
  | { readonly kind: "remote"; readonly url: string };

/** What a PATH | URL | - names. Throws for a folder that is not there. */
export function chooseContext(argument: string): ContextPlace {
  if (argument === "-") return { kind: "stdin" };
  if (isRemote(argument)) return { kind: "remote", url: argument };
  const path = resolve(argument);
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat === undefined) throw failure(`unable to prepare context: path ${JSON.stringify(argument)} not found`);
  if (!stat.isDirectory())
    throw failure(`unable to prepare context: path ${JSON.stringify(argument)} is not a directory`);
  return { kind: "folder", path };
}

/** URLs and git repositories, by Docker's rules. */
export function isRemote(text: string): boolean {
  return /^(?:https?|git|ssh):\/\//.test(text) || /^git@[^:]+:/.test(text) || text.startsWith("github.com/");
}

/** What `--build-context NAME=VALUE` says: another folder, a remote, an image, or a layout of one. */
export type NamedContext =
  | { readonly kind: "folder"; readonly path: string }
  | { readonly kind: "remote"; readonly url: string }
  | { readonly kind: "image"; readonly reference: string }
  | { readonly kind: "layout"; readonly path: string; readonly reference: string };

export function chooseNamedContext(name: string, value: string): NamedContext {
  if (value.startsWith("docker-image://")) return { kind: "image", reference: value.slice("docker-image://".length) };
  if (value.startsWith("oci-layout://")) {
    const [, path = "", reference = ""] = /^oci-layout:\/\/([^@:]*(?::(?=[^@:]*[/]))?[^@:]*)(.*)$/.exec(value) ?? [];
    return { kind: "layout", path: resolve(path), reference };
  }
  if (value.startsWith("target:")) return { kind: "image", reference: value };
  if (isRemote(value)) return { kind: "remote", url: value };
  const stat = statSync(value, { throwIfNoEntry: false });
  if (stat === undefined)
    throw failure(`failed to get build context ${name}: stat ${value}: no such file or directory`);
  if (!stat.isDirectory()) throw failure(`failed to get build context ${name}: ${value}: not a directory`);
  return { kind: "folder", path: resolve(value) };
}
