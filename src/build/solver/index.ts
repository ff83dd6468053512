/**
 * The solver: vertices with inputs, solved in parallel; equal work of several builds done once. It knows neither
 * containers nor images.
 */
export { createSharedWork, type SharedWork } from "./shared-work.ts";
export { solveGraph } from "./solve-graph.ts";
