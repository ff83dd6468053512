import { conflict } from "../../lib/index.ts";
import type { CommitOptions } from "../engine.ts";
import { applyChanges } from "../images/index.ts";
import { withLayers } from "./below.ts";
import type { Container } from "./container.ts";
import { type ContainersContext, emitContainer } from "./context.ts";
import { mergeConfig } from "./create/merge-config.ts";
import { whileMarked } from "./freeze-volume-users.ts";
import { pauseContainer, unpauseContainer } from "./pause-container.ts";

/** POST /commit: an image of the container's image and its writable layer. Volumes are not in it. */
export async function commitContainer(
  context: ContainersContext,
  container: Container,
  options: CommitOptions,
): Promise<string> {
  if (container.state.status === "dead") throw conflict(`You cannot commit container ${container.id} which is Dead`);
  if (container.phase === "removing")
    throw conflict(`You cannot commit container ${container.id} which is being removed`);
  if (!options.pause || container.state.status !== "running") return commitNow(context, container, options);
  return whileMarked(context, container, async () => {
    await pauseContainer(context, container);
    try {
      return await commitNow(context, container, options);
    } finally {
      // It may have ended or been removed meanwhile.
      await unpauseContainer(context, container).catch(() => {});
    }
  });
}

function commitNow(context: ContainersContext, container: Container, options: CommitOptions): Promise<string> {
  const { record } = container;
  const { repo, tag, author = "", comment = "", changes, config = record.config } = options;
  const merged = mergeConfig(applyChanges(config, changes), record.config);
  return withLayers(context, container, async ({ upper, ...changed }) => {
    const id = await context.images.commit({
      base: record.imageId,
      container: container.id,
      createdBy: record.config.Cmd?.join(" ") ?? "",
      author,
      comment,
      config: merged,
      layer: () =>
        context.packer.toStream({ path: upper, form: "layer", compression: "none", unhashed: true, changed }),
      ...(repo === undefined ? {} : { repo }),
      ...(tag === undefined ? {} : { tag }),
    });
    const imageRef = repo === undefined ? "" : tag === undefined ? repo : `${repo}:${tag}`;
    emitContainer(context, container, "commit", { comment, imageID: id, imageRef });
    return id;
  });
}
