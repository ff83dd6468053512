/** The use cases: everything that the API can ask for, one file per verb. */
export { createEngine, type RunningEngine } from "./create-engine.ts";
export type * from "./engine.ts";
export type { EngineConfig, EngineLog, ReloadableEngineConfig } from "./engine-config.ts";
