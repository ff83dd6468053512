import { mkdirSync } from "node:fs";
import { messageOf } from "../../lib/index.ts";
import { mount } from "../mount.ts";
import { type CgroupLayout, detectCgroups, readOptional, words } from "./layout.ts";

/** What to mount where: crun refuses a hybrid host while cgroup2 holds a controller. */
export interface LeftoverMount {
  controller: string;
  target: string;
}

/**
 * The controllers that cgroup2 holds in hybrid mode and nobody uses: what is not handed down to any child
 * (`enabled`, the root's cgroup.subtree_control) can be mounted on v1 instead.
 */
export function planLeftoverControllers(layout: CgroupLayout, enabled: readonly string[]): LeftoverMount[] {
  if (layout.mode !== "hybrid") return [];
  const known = [...layout.controllers].find(([name, mountPoint]) => mountPoint.endsWith(`/${name}`));
  const base = known === undefined ? "/sys/fs/cgroup" : known[1].slice(0, -known[0].length - 1);
  return layout.unifiedControllers
    .filter((controller) => !enabled.includes(controller) && !layout.controllers.has(controller))
    .map((controller) => ({ controller, target: `${base}/${controller}` }));
}

export interface LeftoverResult {
  mounted: string[];
  /** Why a controller stays with cgroup2; crun will not serve then, runc does. */
  failed: { controller: string; reason: string }[];
}

/**
 * Mounts cgroup2's unused controllers on v1, so that crun serves on a hybrid host. Does nothing elsewhere or a second time.
 */
export function mountLeftoverControllers(): LeftoverResult {
  const layout = detectCgroups();
  const enabled = layout.unified === undefined ? "" : readOptional(`${layout.unified}/cgroup.subtree_control`);
  const result: LeftoverResult = { mounted: [], failed: [] };
  for (const { controller, target } of planLeftoverControllers(layout, words(enabled ?? ""))) {
    try {
      mkdirSync(target, { recursive: true, mode: 0o755 });
      mount("cgroup", target, "cgroup", 0, controller);
      result.mounted.push(controller);
    } catch (error) {
      result.failed.push({ controller, reason: messageOf(error) });
    }
  }
  return result;
}
