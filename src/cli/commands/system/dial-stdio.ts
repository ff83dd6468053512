import { dial } from "../../../api/client/index.ts";
import { command, noArgs } from "../../core/command.ts";

/** Joins standard input and output to the daemon's socket: what the far side of an ssh:// connection runs. */
export const dialStdio = command({
  usage: "",
  arity: noArgs,
  flags: {},
  async run(context) {
    const wire = await dial(context.chosen.endpoint);
    const { stdin } = process;
    let resume: () => void = () => undefined;
    stdin.on("data", (chunk: Buffer) => {
      if (wire.write(chunk)) return;
      stdin.pause();
      resume = () => stdin.resume();
    });
    stdin.on("end", () => wire.end());
    return new Promise((resolve) => {
      wire.listen({
        data: (chunk) => context.out.write(chunk),
        drain: () => resume(),
        end: (error) => resolve(error === undefined ? 0 : 1),
      });
    });
  },
});
