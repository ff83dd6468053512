import { invalid } from "../../../lib/index.ts";
import type { Container } from "../container.ts";
import type { ContainersContext } from "../context.ts";
import { parseNetworkMode } from "../create/network-mode.ts";

/** Links of the default network (--link there): the other container's address under an alias. */

/** "name:alias" as its parts. */
export function parseLink(link: string): { target: string; alias: string } {
  const [target = "", alias = target, ...rest] = link.split(":");
  if (target === "" || alias === "" || rest.length > 0) throw invalid(`bad format for links: ${link}`);
  return { target, alias: alias.replace(/^.*\//, "") };
}

/** Entries of /etc/hosts for a container's links, as --add-host has them. Throws where a linked container does not run. */
export function linkHosts(context: ContainersContext, container: Container): string[] {
  const { Links: links, NetworkMode: mode = "" } = container.record.hostConfig;
  const { kind } = parseNetworkMode(mode);
  if (kind !== "networks") return [];
  return (links ?? []).flatMap((link) => {
    const { target, alias } = parseLink(link);
    const other = context.registry.find(target.replace(/^\//, ""));
    const shared = other.sandbox?.endpoints.find(({ network }) =>
      container.sandbox?.endpoints.some((endpoint) => endpoint.network === network),
    );
    if (shared === undefined || shared.ipv4 === "")
      throw invalid(
        `Cannot link to a non running container: /${other.record.name} AS /${container.record.name}/${alias}`,
      );
    const names = [alias, other.id.slice(0, 12), other.record.name].filter(
      (name, index, all) => all.indexOf(name) === index,
    );
    return [`${names.join(" ")}:${shared.ipv4}`];
  });
}
