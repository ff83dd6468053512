import koffi, { type KoffiFunc } from "koffi";
import { BerthError, createQueue } from "../../lib/index.ts";

/** Scripts longer than this are parsed by the library for more than a few milliseconds: they run on another thread. */
const LONG = 8 * 1024;

interface Library {
  run: KoffiFunc<(context: unknown, script: string) => number>;
  error: KoffiFunc<(context: unknown) => string>;
  output: KoffiFunc<(context: unknown) => string>;
  context: unknown;
}

/** nftables of the network namespace in which it was opened. Each script is one transaction: all of it or nothing. */
export interface Nft {
  /** Rejects "internal" with nft's own text, and nothing has changed. */
  run(script: string): Promise<void>;
  /** The output of a command that lists. */
  list(command: string): Promise<string>;
}

/** Throws "unavailable" where libnftables is not installed. */
export function openNft(): Nft {
  const library = open();
  const queue = createQueue();
  const call = (script: string) =>
    queue(async () => {
      const status = script.length > LONG ? await inThread(library, script) : library.run(library.context, script);
      const [said, wrong] = [library.output(library.context), library.error(library.context)];
      if (status !== 0) throw new BerthError("internal", `nftables: ${firstLines(wrong)}`);
      return said;
    });
  return {
    run: async (script) => void (await call(script)),
    list: (command) => call(command),
  };
}

function open(): Library {
  let library: ReturnType<typeof koffi.load>;
  try {
    library = koffi.load("libnftables.so.1");
  } catch (cause) {
    throw new BerthError("unavailable", "libnftables was not found", { cause, hint: "install the package nftables" });
  }
  const create = library.func("void *nft_ctx_new(uint32_t flags)");
  const context = create(0) as unknown;
  library.func("int nft_ctx_buffer_output(void *context)")(context);
  library.func("int nft_ctx_buffer_error(void *context)")(context);
  return {
    context,
    run: library.func("int nft_run_cmd_from_buffer(void *context, const char *script)"),
    error: library.func("const char *nft_ctx_get_error_buffer(void *context)"),
    output: library.func("const char *nft_ctx_get_output_buffer(void *context)"),
  };
}

function inThread({ run, context }: Library, script: string): Promise<number> {
  return new Promise((resolve, reject) => {
    run.async(context, script, (error: Error | null, status: number) => {
      if (error === null) resolve(status);
      else reject(error);
    });
  });
}

const firstLines = (text: string) => text.trim().split("\n").slice(0, 3).join(" ").slice(0, 600);
