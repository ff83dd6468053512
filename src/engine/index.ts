/** The use cases, one file per verb, behind the interfaces of engine.ts. */
export type * from "./engine.ts";
