import { randomBytes } from "node:crypto";
import { request } from "node:http";

/** The image config that a real BuildKit (of a dockerd) makes of a Dockerfile without sources, or its error. */
export interface Built {
  readonly error: string | undefined;
  readonly config: Readonly<Record<string, unknown>>;
}

/** Builds by `POST /build` of the daemon at a unix socket and looks at the image, which is removed again. */
export async function buildWithBuildKit(socket: string, dockerfile: string): Promise<Built> {
  const tag = `berth-golden-${randomBytes(6).toString("hex")}`;
  const answer = await call(socket, "POST", `/build?version=2&t=${tag}`, tarOf("Dockerfile", dockerfile));
  const error = answer
    .split("\n")
    .filter((line) => line.includes('"errorDetail"'))
    .map((line) => String((JSON.parse(line) as { error: unknown }).error))[0];
  if (error !== undefined) return { error, config: {} };
  const image = JSON.parse(await call(socket, "GET", `/images/${tag}/json`)) as { Config?: Record<string, unknown> };
  await call(socket, "DELETE", `/images/${tag}`);
  return { error, config: image.Config ?? {} };
}

function call(socketPath: string, method: string, path: string, body?: Buffer): Promise<string> {
  return new Promise((resolve, reject) => {
    const headers = body === undefined ? {} : { "Content-Type": "application/x-tar" };
    const sent = request({ socketPath, method, path: `/v1.45${path}`, headers }, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("end", () => resolve(Buffer.concat(chunks).toString()));
      response.on("error", reject);
    });
    sent.on("error", reject);
    sent.end(body);
  });
}

/** A tar of one file. */
function tarOf(name: string, text: string): Buffer {
  const data = Buffer.from(text);
  const header = Buffer.alloc(512);
  header.write(name, 0);
  header.write("0000644\0", 100);
  header.write("0000000\0", 108);
  header.write("0000000\0", 116);
  header.write(`${data.length.toString(8).padStart(11, "0")}\0`, 124);
  header.write("00000000000\0", 136);
  header.write("        0ustar\x0000", 148);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
  return Buffer.concat([header, data, Buffer.alloc((512 - (data.length % 512)) % 512), Buffer.alloc(1024)]);
}
