import { BerthError } from "../lib/index.ts";
import type { EngineFactory } from "./run-daemon.ts";

/** Builds the engine and everything under it from the configuration. */
export const makeEngine: EngineFactory = async () => {
  throw new BerthError("not-implemented", "the engine is not wired yet");
};
