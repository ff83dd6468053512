import type { Figure } from "./measure.ts";

const show = (value: number | undefined, unit: string) =>
  value === undefined ? "–" : `${value >= 100 ? value.toFixed(0) : value.toFixed(1)} ${unit}`;

const ratio = (other: number | undefined, own: number | undefined) =>
  other === undefined || own === undefined ? "–" : `${(other / own).toFixed(2)}×`;

const line = (cells: string[]) => `| ${cells.join(" | ")} |\n`;

/** One figure as a line of a Markdown table. */
export function figureLine({ row, unit, medians }: Figure): string {
  if (medians.host !== undefined) {
    const part = (value: number | undefined) =>
      value === undefined ? "–" : `${(100 - (100 * value) / (medians.host ?? 1)).toFixed(1)}%`;
    const shown = ["host", "layer", "volume"].map((name) => show(medians[name], unit));
    return line([row, ...shown, part(medians.layer), part(medians.volume)]);
  }
  const shown = ["berth", "docker", "podman"].map((name) => show(medians[name], unit));
  return line([row, ...shown, ratio(medians.docker, medians.berth), ratio(medians.podman, medians.berth)]);
}

/** Everything as Markdown: the engines beside each other, and what I/O in a container loses against the host. */
export function tables(figures: Figure[]): string {
  const engines = figures.filter(({ medians }) => medians.host === undefined);
  const io = figures.filter(({ medians }) => medians.host !== undefined);
  const table = (head: string[], rows: Figure[]) =>
    rows.length === 0 ? "" : `${line(head)}|---|${"--:|".repeat(head.length - 1)}\n${rows.map(figureLine).join("")}\n`;
  return (
    table(["work", "Berth", "Docker", "Podman", "Docker/Berth", "Podman/Berth"], engines) +
    table(["I/O with Berth", "host", "writable layer", "volume", "lost in the layer", "lost in the volume"], io)
  );
}
