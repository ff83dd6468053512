/** Docker's namespace modes are strings: "host", "private", "container:ID". */

/** The name or id after "container:", or undefined for another mode. */
export function containerOf(mode: string | undefined): string | undefined {
  return mode?.startsWith("container:") ? mode.slice("container:".length) : undefined;
}

const isContainer = (mode: string) => (containerOf(mode) ?? "") !== "";

export const isValidPidMode = (mode: string) => mode === "" || mode === "host" || isContainer(mode);

const IPC_MODES = new Set(["", "none", "private", "shareable", "host"]);

export const isValidIpcMode = (mode: string) => IPC_MODES.has(mode) || isContainer(mode);

export const isValidHostMode = (mode: string) => mode === "" || mode === "host";

export const isValidCgroupnsMode = (mode: string) => mode === "" || mode === "private" || mode === "host";
