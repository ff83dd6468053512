import { createEngine } from "../engine/index.ts";
import type { EngineFactory } from "./run-daemon.ts";
import { version } from "./version.ts";

/** Builds the engine, and everything under it, from the configuration. */
export const makeEngine: EngineFactory = (config, log) => createEngine({ ...config, version }, log);
