import { createHash } from "node:crypto";
import { createWriteStream, utimesSync } from "node:fs";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { BerthError, invalid, messageOf } from "../../../lib/index.ts";
import { fileNameOf, redactedUrl } from "./remote-url.ts";

const LARGEST = 16 * 1024 ** 3;

/**
 * Downloads a file into a folder, under the address's name with mode 0600, dated as the server says. Kinds: unavailable
 * (with the status, in BuildKit's words), invalid (another checksum), exhausted (above 16 GiB), cancelled.
 */
export async function fetchUrl(
  url: string,
  options: { folder: string; checksum?: string },
  signal: AbortSignal,
): Promise<{ name: string; digest: string }> {
  const name = fileNameOf(url);
  const response = await request(url, signal);
  if (!response.ok || response.body === null)
    throw new BerthError("unavailable", `invalid response status ${response.status}`);
  const hash = createHash("sha256");
  let length = 0;
  const path = join(options.folder, name);
  const measured = async function* (body: AsyncIterable<Buffer>) {
    for await (const chunk of body) {
      length += chunk.length;
      if (length > LARGEST) throw new BerthError("exhausted", `${redactedUrl(url)} is larger than ${LARGEST} bytes`);
      hash.update(chunk);
      yield chunk;
    }
  };
  await pipeline(
    Readable.fromWeb(response.body as never),
    measured,
    createWriteStream(path, { mode: 0o600, flags: "wx" }),
    {
      signal,
    },
  );
  const digest = `sha256:${hash.digest("hex")}`;
  if (options.checksum !== undefined && options.checksum !== digest)
    throw invalid(`digest mismatch ${digest}: ${options.checksum}`);
  const modified = Date.parse(response.headers.get("last-modified") ?? "");
  const time = Number.isNaN(modified) ? 0 : modified / 1000;
  utimesSync(path, time, time);
  return { name, digest };
}

async function request(url: string, signal: AbortSignal): Promise<Response> {
  const { username, password } = new URL(url);
  const address = new URL(url);
  address.username = "";
  address.password = "";
  const authorization =
    username === "" ? undefined : `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}`;
  try {
    return await fetch(address, { signal, ...(authorization === undefined ? {} : { headers: { authorization } }) });
  } catch (error) {
    if (signal.aborted) throw new BerthError("cancelled", "context canceled");
    throw new BerthError("unavailable", `failed to load ${redactedUrl(url)}: ${messageOf(error)}`);
  }
}
