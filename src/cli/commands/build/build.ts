import { BUILD_FLAGS } from "../../build/build-flags.ts";
import { command, exactly } from "../../core/command.ts";

export const build = command({
  usage: "[OPTIONS] PATH | URL | -",
  aliases: ["image build", "build", "builder build", "buildx build", "buildx b"],
  arity: exactly(1),
  flags: BUILD_FLAGS,
  async run(context, { flags, args: [argument = ""] }) {
    const { runBuild } = await import("../../build/run-build.ts");
    return runBuild(context, flags, argument);
  },
});
