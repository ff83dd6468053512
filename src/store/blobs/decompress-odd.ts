import { spawn } from "node:child_process";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { BerthError } from "../../lib/index.ts";
import { findProgram } from "../../system/index.ts";

/**
 * Unpacks xz or bzip2 with the host's program of that name: no layer is kept in these forms, only archives come so.
 * The program is looked up on the host and gets nothing but its standard input. Kind "not-implemented" where it is
 * not installed, "invalid" where it fails.
 */
export async function* decompressOdd(
  compression: "xz" | "bzip2",
  source: AsyncIterable<Buffer>,
): AsyncGenerator<Buffer> {
  const program = findProgram(compression, ["/usr/bin", "/bin", "/usr/local/bin"]);
  if (program === undefined) throw new BerthError("not-implemented", `${compression} is not installed on this host`);
  const child = spawn(program, ["-dc"], { stdio: ["pipe", "pipe", "pipe"], env: {} });
  let complaint = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    complaint = (complaint + text).slice(0, 1000);
  });
  const code = new Promise<number | null>((resolve, reject) => child.once("error", reject).once("close", resolve));
  code.catch(() => {});
  const fed = pipeline(Readable.from(source), child.stdin).catch((error: unknown) => error);
  try {
    for await (const chunk of child.stdout) yield chunk as Buffer;
    if ((await code) !== 0)
      throw new BerthError("invalid", `${compression}: ${complaint.trim() || "cannot be unpacked"}`);
    const failure = await fed;
    if (failure instanceof Error) throw failure;
  } finally {
    child.kill("SIGKILL");
  }
}
