/** The syntax tree of a Go template. `at` is an index in the template: where errors point. */
export type Operand =
  | { readonly type: "dot" | "nil"; readonly at: number }
  | { readonly type: "bool"; readonly at: number; readonly value: boolean }
  | { readonly type: "number"; readonly at: number; readonly value: number; readonly text: string }
  | { readonly type: "string"; readonly at: number; readonly value: string; readonly text: string }
  | { readonly type: "field"; readonly at: number; readonly names: readonly string[] }
  | { readonly type: "variable"; readonly at: number; readonly name: string; readonly names: readonly string[] }
  | { readonly type: "function"; readonly at: number; readonly name: string }
  | { readonly type: "chain"; readonly at: number; readonly of: Operand; readonly names: readonly string[] }
  | Pipeline;

export interface Command {
  readonly type: "command";
  readonly at: number;
  readonly args: readonly [Operand, ...Operand[]];
}

export interface Pipeline {
  readonly type: "pipeline";
  readonly at: number;
  readonly variables: readonly string[];
  /** `=` and not `:=`. */
  readonly assigns: boolean;
  readonly commands: readonly Command[];
}

export interface Branch {
  readonly type: "if" | "range" | "with";
  readonly at: number;
  readonly pipeline: Pipeline;
  readonly then: readonly Statement[];
  readonly otherwise: readonly Statement[];
}

export interface Invocation {
  readonly type: "template";
  readonly at: number;
  readonly name: string;
  readonly quoted: string;
  readonly pipeline: Pipeline | undefined;
}

export type Statement =
  | { readonly type: "text"; readonly at: number; readonly text: string }
  | { readonly type: "action"; readonly at: number; readonly pipeline: Pipeline }
  | { readonly type: "break" | "continue"; readonly at: number }
  | Branch
  | Invocation;

/** A node as errors quote it. */
export function nodeText(node: Operand | Command | Invocation): string {
  switch (node.type) {
    case "dot":
      return ".";
    case "nil":
      return "nil";
    case "bool":
      return String(node.value);
    case "number":
    case "string":
      return node.text;
    case "function":
      return node.name;
    case "field":
      return dotted(node.names);
    case "variable":
      return node.name + dotted(node.names);
    case "chain":
      return (node.of.type === "pipeline" ? `(${nodeText(node.of)})` : nodeText(node.of)) + dotted(node.names);
    case "command":
      return node.args.map((arg) => (arg.type === "pipeline" ? `(${nodeText(arg)})` : nodeText(arg))).join(" ");
    case "pipeline":
      return (
        (node.variables.length === 0 ? "" : `${node.variables.join(", ")} ${node.assigns ? "=" : ":="} `) +
        node.commands.map(nodeText).join(" | ")
      );
    case "template":
      return `{{template ${node.quoted}${node.pipeline === undefined ? "" : ` ${nodeText(node.pipeline)}`}}}`;
  }
}

function dotted(names: readonly string[]): string {
  return names.map((name) => `.${name}`).join("");
}
