import { Readable } from "node:stream";
import { BerthError, invalid } from "../../lib/index.ts";
import { type Digest, digestOf, parseDigest } from "../../spec/index.ts";
import { asked } from "./network-error.ts";
import { refusal } from "./registry-error.ts";
import { discardBody } from "./response-body.ts";
import type { Session } from "./session.ts";
import type { Content, HttpResponse, Transport } from "./transport.ts";

export interface PushedBlob extends Content {
  readonly digest: Digest;
}

const scopeOf = (path: string) => `repository:${path}:pull,push`;

/** Sends a blob in one piece (OCI distribution specification, "POST then PUT"). False where the repository has it. */
export async function pushBlob(
  session: Session,
  transport: Transport,
  repository: string,
  blob: PushedBlob,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  parseDigest(blob.digest);
  const scope = scopeOf(repository);
  const path = `v2/${repository}/blobs/${blob.digest}`;
  const known = await session.send({ method: "HEAD", path, scope, signal });
  discardBody(known);
  if (known.status === 200) return false;
  const begun = await session.send({ method: "POST", path: `v2/${repository}/blobs/uploads/`, scope, signal });
  await expectStatus(begun, 202, transport);
  const target = placeOf(begun);
  target.searchParams.append("digest", blob.digest);
  const headers = { "content-type": "application/octet-stream" };
  const { size } = blob;
  const content = { size, open: () => blob.open() };
  const sent = await session.send({ method: "PUT", path: target.href, headers, scope, content, signal });
  await expectStatus(sent, 201, transport);
  return true;
}

/** Where the registry wants the upload. The session refuses another origin than its own. */
function placeOf({ headers, url }: HttpResponse): URL {
  const { location } = headers;
  if (location === undefined || !URL.canParse(location, url.href))
    throw invalid(`${asked("POST", url)}: the registry names no place for the upload`);
  return new URL(location, url);
}

/** Stores a manifest; gives its digest, which the registry has to confirm where it names one. */
export async function pushManifest(
  session: Session,
  transport: Transport,
  { path, name }: { path: string; name: string },
  { mediaType, bytes }: { mediaType: string; bytes: Buffer },
  signal: AbortSignal | undefined,
): Promise<Digest> {
  const sent = await session.send({
    method: "PUT",
    path: `v2/${path}/manifests/${name}`,
    headers: { "content-type": mediaType },
    scope: scopeOf(path),
    content: { size: bytes.length, open: () => Readable.from([bytes]) },
    signal,
  });
  await expectStatus(sent, 201, transport);
  const digest = digestOf(bytes);
  const said = sent.headers["docker-content-digest"];
  if (said !== undefined && said !== digest)
    throw new BerthError("corrupt", `the registry has stored ${String(said)} instead of ${digest}`);
  return digest;
}

async function expectStatus(response: HttpResponse, status: number, transport: Transport): Promise<void> {
  if (response.status !== status) throw await refusal(response, transport.timeouts.stall);
  discardBody(response);
}
