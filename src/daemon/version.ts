declare const BERTH_VERSION: string | undefined;

/** This engine's version, put in by the build. */
export const version: string = typeof BERTH_VERSION === "string" ? BERTH_VERSION : "0.0.0-dev";
