import { isatty } from "node:tty";
import { CliError } from "../core/cli-error.ts";
import { forTerminal } from "./for-terminal.ts";
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
    return { text: `${shown(indentJson(text, "    "))}\n` };
  }
  if (format === "json") return { text: `${shown(`[${objects.map(({ json }) => json.trim()).join(",")}]`)}\n` };
  return byTemplate(objects, format, complete);
}

const shown = (json: string) => (isatty(1) ? visibleJson(json) : json);

// Outside of strings JSON has none of these; below U+0020 it escapes them itself.
const harmful = /[\u007f-\u009f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff]/g;

/** The same document with nothing in it that a terminal would act on. */
export function visibleJson(json: string): string {
  return json.replace(harmful, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

async function byTemplate(
  objects: readonly RawObject[],
  format: string,
  complete: (object: Record<string, unknown>) => Record<string, unknown>,
): Promise<{ text: string; error?: CliError }> {
  const { compileTemplate } = await import("../../lib/template/index.ts");
  let template: ReturnType<typeof compileTemplate>;
  try {
    template = compileTemplate(format, { missingKey: "error", visible: forTerminal(1, { lines: true }) });
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
