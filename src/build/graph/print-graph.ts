import { formatPlatform } from "../../spec/index.ts";
import type { Graph, Vertex } from "./vertex.ts";

/** A graph as text, a line for each vertex with its inputs, then what the image would say: for golden tests and eyes. */
export function printGraph({ vertices, result }: Graph): string {
  const numbers = new Map([...vertices.keys()].map((id, index) => [id, index + 1]));
  const lines = [...vertices.values()].map((vertex) => {
    const inputs = vertex.inputs.map((id) => `#${numbers.get(id)}`).join(" ");
    return `#${numbers.get(vertex.id)} ${vertex.name}${inputs === "" ? "" : ` <- ${inputs}`}${detail(vertex)}`;
  });
  const history = result.history.map(({ createdBy, emptyLayer }) => `${emptyLayer ? "-" : "+"} ${createdBy}`);
  const top = result.top === undefined ? "scratch" : `#${numbers.get(result.top)}`;
  const config = JSON.stringify(result.config);
  return [...lines, `image ${top} ${formatPlatform(result.platform)}`, config, ...history, ""].join("\n");
}

function detail(vertex: Vertex): string {
  if (vertex.kind !== "run") return "";
  return `\n   ${JSON.stringify(vertex.args)} env ${JSON.stringify(vertex.env)} cwd ${vertex.cwd} user ${vertex.user || "root"}`;
}
