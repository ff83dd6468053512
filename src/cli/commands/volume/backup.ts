import { createHash } from "node:crypto";
import { writeFileSync } from "node:fs";
import { basename } from "node:path";
import { apiPath } from "../../../api/client/index.ts";
import { command, exactly } from "../../core/command.ts";
import { saveBody } from "../../core/file-output.ts";
import * as flag from "../../core/flag.ts";

export const backup = command({
  usage: "[OPTIONS] VOLUME",
  examples: `Saves VOLUME as a tar.zst; FILE.sha256 beside it is checked by "sha256sum -c" and by "volume restore".`,
  arity: exactly(1),
  flags: {
    output: flag.string('Write to a file ("-" or nothing: STDOUT), with its digest in FILE.sha256', { short: "o" }),
    pause: flag.bool(
      "Freeze the containers that use the volume while it is copied, so that the backup shows one moment",
    ),
  },
  async run(context, { flags, args: [volume = ""] }) {
    const path = flags.output === "-" ? "" : flags.output;
    const hash = createHash("sha256");
    const query = { pause: flags.pause };
    const request = () => context.client.request("GET", apiPath`/volumes/${volume}/backup`, { query });
    await saveBody(context, path, "back up volume", request, path === "" ? undefined : hash);
    // Last of all: where the digest is, the archive is whole.
    if (path !== "") writeFileSync(`${path}.sha256`, `${hash.digest("hex")}  ${basename(path)}\n`);
    return 0;
  },
});
