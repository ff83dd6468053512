import { invalid } from "../../../lib/index.ts";
import type { RegistryAuth } from "../../../spec/api/index.ts";
import { registryAuth } from "../body-shapes.ts";
import { readJson } from "../json-body.ts";
import { queryFlag } from "../query.ts";
import { sendJson } from "../reply.ts";
import type { PlainCall, Route } from "../route.ts";
import { route } from "../route.ts";
import { readShape } from "../shape.ts";
import { atLeast } from "../versions.ts";

const pingHeaders = {
  "Builder-Version": "1",
  "Cache-Control": "no-cache, no-store, must-revalidate",
  Pragma: "no-cache",
  Swarm: "inactive",
  "Content-Type": "text/plain; charset=utf-8",
};

async function ping(call: PlainCall): Promise<void> {
  const head = call.reply.req.method === "HEAD";
  call.reply.writeHead(200, { ...pingHeaders, "Content-Length": head ? 0 : 2 });
  call.reply.end(head ? undefined : "OK");
}

async function diskUsage(call: PlainCall): Promise<void> {
  const types = call.query.getAll("type").filter((type) => type !== "");
  for (const type of types)
    if (!["container", "image", "volume", "build-cache"].includes(type)) throw invalid(`unknown object type: ${type}`);
  const usage = await call.engine.system.df({
    ...(types.length === 0 ? {} : { types }),
    total: queryFlag(call.query, "total"),
  });
  sendJson(call.reply, atLeast(call.version, "1.44") ? usage : withVirtualSizes(usage));
}

/** Clients before 1.44 read an image's VirtualSize, which was its Size. */
function withVirtualSizes(usage: Record<string, unknown>): Record<string, unknown> {
  const { Images: images } = usage;
  if (!Array.isArray(images)) return usage;
  return { ...usage, Images: images.map((image: { Size: number }) => ({ ...image, VirtualSize: image.Size })) };
}

async function auth(call: PlainCall): Promise<void> {
  const body = readShape(registryAuth, await readJson(call.body, call.headers), "AuthConfig");
  sendJson(call.reply, await call.engine.system.auth((body ?? {}) as RegistryAuth));
}

/** GET looks, POST mends as well. */
const doctor = (repair: boolean) => async (call: PlainCall) => {
  const options = { repair, deep: queryFlag(call.query, "deep"), signal: call.signal };
  sendJson(call.reply, await call.engine.doctor.examine(options));
};

export const systemRoutes: readonly Route[] = [
  route("GET", "/_ping", ping),
  route("HEAD", "/_ping", ping),
  route("GET", "/version", async (call) => sendJson(call.reply, await call.engine.system.version())),
  route("GET", "/info", async (call) => sendJson(call.reply, await call.engine.system.info())),
  route("GET", "/system/df", diskUsage, "1.25"),
  route("POST", "/auth", auth),
  route("GET", "/berth/doctor", doctor(false)),
  route("POST", "/berth/doctor", doctor(true)),
];
