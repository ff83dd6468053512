import { ContextStore } from "../../contexts/context-store.ts";
import { defaultHost } from "../../contexts/endpoint-config.ts";
import { command } from "../../core/command.ts";
import type { Context } from "../../core/context.ts";
import { contextName } from "../../core/endpoint.ts";
import * as flag from "../../core/flag.ts";
import { INSPECT_FORMAT_USAGE } from "../../format/format-flag.ts";
import { goJson } from "../../format/go-json.ts";
import { inspectObjects } from "../inspect-objects.ts";

export const inspect = command({
  usage: "[OPTIONS] [CONTEXT] [CONTEXT...]",
  arity: { min: 0 },
  flags: { format: flag.string(INSPECT_FORMAT_USAGE, { short: "f" }) },
  run: (context, { flags, args }) => {
    const names = args.length > 0 ? args : [contextName(context.globals, context.env, () => context.config)];
    return inspectObjects(context, names, {
      format: flags.format,
      fetch: async (name) => goJson(describe(context, name)),
    });
  },
});

function describe(context: Context, name: string): object {
  if (name === "default")
    return {
      Name: name,
      Metadata: {},
      Endpoints: { docker: { Host: defaultHost(context), SkipTLSVerify: false } },
      TLSMaterial: {},
      Storage: { MetadataPath: "<IN MEMORY>", TLSPath: "<IN MEMORY>" },
    };
  const store = new ContextStore(context.configFolder);
  const meta = store.read(name);
  const files = [...store.tls(name).keys()];
  return {
    ...meta,
    TLSMaterial: files.length === 0 ? {} : { docker: files },
    Storage: { MetadataPath: store.metaFolder(name), TLSPath: store.tlsFolder(name) },
  };
}
