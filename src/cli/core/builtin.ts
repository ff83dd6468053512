/**
 * Modules of the platform that only some commands need, loaded when they are asked for: a command that takes 20 ms in all
 * would spend two of them on loading `net`, `tty` and `child_process` in vain.
 */
export const builtin = {
  isIP: (text: string): number => process.getBuiltinModule("node:net").isIP(text),
  homedir: (): string => process.getBuiltinModule("node:os").homedir(),
  isatty: (fd: number): boolean => process.getBuiltinModule("node:tty").isatty(fd),
  get signals(): NodeJS.Signals[] {
    return Object.keys(process.getBuiltinModule("node:os").constants.signals) as NodeJS.Signals[];
  },
  get childProcess() {
    return process.getBuiltinModule("node:child_process");
  },
};
