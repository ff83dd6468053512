import { ellipsis, escapeForTerminal, humanSize, shortId, table } from "../../../lib/text/index.ts";
import type { ImageWhy, ImageWhyLayer } from "../../../spec/api/index.ts";
import { command, exactly } from "../../core/command.ts";
import * as flag from "../../core/flag.ts";
import { imagePath } from "./image-path.ts";

const FOLDERS = 4;
const HIDDEN = 4;
const WIDTH = 60;

/** Not one of Docker's: which instruction put which bytes into an image, and what a change would save. */
export const why = command({
  usage: "[OPTIONS] IMAGE",
  aliases: ["image why"],
  arity: exactly(1),
  flags: {
    format: flag.string("Format the output: 'json' prints everything as JSON"),
    "no-trunc": flag.bool("Don't truncate instructions"),
  },
  async run(context, { flags, args: [name = ""] }) {
    const answer = await context.client.json<ImageWhy>("GET", `${imagePath(name)}/why`);
    context.out.write(flags.format === "json" ? `${JSON.stringify(answer)}\n` : described(answer, flags["no-trunc"]));
    return 0;
  },
});

const size = (bytes: number) => humanSize(bytes, 3);

function described(answer: ImageWhy, whole: boolean): string {
  const rows = answer.Layers.flatMap((layer) => layerRows(layer, whole));
  const head = `${shortId(answer.Id)}: ${size(answer.Size)} in ${answer.Layers.length} layers`;
  const hidden = answer.HiddenSize === 0 ? "" : `, ${size(answer.HiddenSize)} of it out of sight`;
  return `${head}${hidden}\n\n${table(rows, ["LAYER", "SIZE", "FILES", "WHAT"])}${savings(answer)}`;
}

function layerRows(layer: ImageWhyLayer, whole: boolean): string[][] {
  const text = escapeForTerminal(instructionOf(layer.CreatedBy));
  const row = (bytes: number, files: number, what: string) => ["", size(bytes), String(files), `  ${what}`];
  return [
    [String(layer.Layer), size(layer.Size), String(layer.Files), whole ? text : ellipsis(text, WIDTH)],
    ...layer.Folders.slice(0, FOLDERS).map(({ Path, Size, Files }) => row(Size, Files, escapeForTerminal(Path))),
    ...layer.Hidden.slice(0, HIDDEN).map(({ Path, Size, Files, How, Layer }) =>
      row(Size, Files, `${escapeForTerminal(Path)} (${How} by layer ${Layer})`),
    ),
  ];
}

/** The instruction without what builders write around it. */
function instructionOf(createdBy: string): string {
  const text = createdBy
    .replace(/\s+/g, " ")
    .replace(/ # buildkit$/, "")
    .replace(/^(?:RUN )?\/bin\/sh -c #\(nop\) /, "")
    .replace(/^(?:RUN )?\/bin\/sh -c /, "RUN ")
    .trim();
  return text === "" ? "(no instruction is known)" : text;
}

function savings({ Savings }: ImageWhy): string {
  if (Savings.length === 0) return "";
  const lines = Savings.map(
    ({ Layer, Size, Reason, Suggestion }) =>
      `  ${size(Size)} in layer ${Layer}: ${escapeForTerminal(Reason)}\n    ${Suggestion}\n`,
  );
  return `\nA change would save:\n${lines.join("")}`;
}
