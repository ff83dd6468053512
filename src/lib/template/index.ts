/**
 * Go's text/template for `--format`: compile once, render often. Data is plain JSON (maps and slices to Go) or objects
 * whose exported members are fields and methods. `lex` → `parse` → `evaluate`, with Go's error texts.
 */
import { BerthError } from "../errors.ts";
import { evaluate, type MissingKey } from "./evaluate.ts";
import { builtinFunctions, dockerFunctions, type TemplateFunctions } from "./functions.ts";
import { parseTemplate } from "./parse.ts";

export { headerFunctions } from "./functions.ts";
export { goStruct, nilMap, nilPointer, nilSlice } from "./value.ts";

export interface TemplateOptions {
  /** Shown in errors, empty unless given. */
  name?: string;
  /** What templates can call beside Go's own functions: the Docker CLI's unless given. */
  functions?: TemplateFunctions;
  /** Of maps only: an unknown field of a struct is always an error. "default" prints `<no value>`. */
  missingKey?: MissingKey;
  /** Applied to what actions print, not to the template's own text. */
  visible?: (text: string) => string;
}

export interface Template {
  /** Throws "invalid" with Go's text: `template: :1:2: executing "" at <.X>: …`. */
  render(data: unknown): string;
}

const longestTemplate = 1024 * 1024;

/** Compiles a template. Throws "invalid" with Go's text: `template: :1: unclosed action`. */
export function compileTemplate(text: string, options: TemplateOptions = {}): Template {
  const { name = "", functions: own = dockerFunctions, missingKey = "default", visible } = options;
  if (text.length > longestTemplate) throw new BerthError("exhausted", "the template is too long");
  const functions: TemplateFunctions = { ...builtinFunctions, ...own };
  const template = parseTemplate(text, name, new Set(Object.keys(functions)));
  return { render: (data) => evaluate({ text, name, template, functions, missingKey, visible }, data) };
}

/** A --format text as the Docker CLI takes it in before it compiles it: the two characters `\t` are a tab, `\n` a newline. */
export function expandEscapes(format: string): string {
  return format.replaceAll("\\t", "\t").replaceAll("\\n", "\n");
}
