import { CliError } from "../core/cli-error.ts";
import { indentJson } from "./go-json.ts";

/** An object as the daemon gave it: JSON text. */
export interface RawObject {
  readonly json: string;
}

/**
 * What `inspect` prints: the objects as one indented array, or each by the template. Values that Go's types have where
 * JSON leaves them out come from `complete`. Throws CliError with Docker's texts: 64 for a template that is none.
 */
export async function formatInspect(
  objects: readonly RawObject[],
  format: string,
  complete: (object: Record<string, unknown>) => Record<string, unknown> = (object) => object,
): Promise<{ text: string; error?: CliError }> {
  if (format === "") {
    const text = `[${objects.map(({ json }) => json.trim()).join(",")}]`;
    return { text: `${indentJson(text, "    ")}\n` };
  }
  if (format === "json") return { text: `[${objects.map(({ json }) => json.trim()).join(",")}]\n` };
  return byTemplate(objects, format, complete);
}

async function byTemplate(
  objects: readonly RawObject[],
  format: string,
  complete: (object: Record<string, unknown>) => Record<string, unknown>,
): Promise<{ text: string; error?: CliError }> {
  const { compileTemplate } = await import("../../lib/template/index.ts");
  let template: ReturnType<typeof compileTemplate>;
  try {
    template = compileTemplate(format, { missingKey: "error" });
  } catch (error) {
    throw new CliError(`template parsing error: ${(error as Error).message}`, 64);
  }
  let text = "";
  for (const { json } of objects) {
    try {
      text += `${template.render(complete(JSON.parse(json) as Record<string, unknown>))}\n`;
    } catch (error) {
      return {
        text: text === "" ? "\n" : text,
        error: new CliError(`template parsing error: ${(error as Error).message}`),
      };
    }
  }
  return { text };
}
