import { doing, invalid } from "../../lib/index.ts";
import { type Container, isAutoRemoved } from "./container.ts";
import { parseContainerName } from "./container-name.ts";
import { type ContainersContext, emitContainer } from "./context.ts";
import { publishNames } from "./network/attachments.ts";

/** POST /containers/{id}/rename. The new name is taken before anything is written, so two renames cannot both win. */
export function renameContainer(context: ContainersContext, container: Container, name: string): Promise<void> {
  if (name === "" || name === "/") throw invalid("Neither old nor new names may be empty");
  return container.queue(async () => {
    const before = container.record.name;
    if (name === before || name === `/${before}`)
      throw invalid("Renaming a container with the same name as its current name");
    const taken = takeName(context, container, name);
    const record = { ...container.record, name: taken };
    try {
      await context.records.save(record, { durable: !isAutoRemoved(container) });
    } catch (error) {
      context.registry.rename(container, before);
      throw error;
    }
    container.record = record;
    publishNames(context, container);
    emitContainer(context, container, "rename", { oldName: `/${before}` });
  });
}

function takeName(context: ContainersContext, container: Container, name: string): string {
  try {
    // Docker names the new name with its slash in this text.
    const parsed = parseContainerName(name.startsWith("/") ? name : `/${name}`);
    context.registry.rename(container, parsed);
    return parsed;
  } catch (error) {
    throw doing("Error when allocating new name", error);
  }
}
