import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import type { BuildConnection } from "./build-connection.ts";
import { createFrameReader, encodeFrame } from "./frames.ts";
import { SshChannels } from "./ssh-channels.ts";

test("frames come out as they went in, however the bytes are cut", async () => {
  const frames = fc.array(fc.tuple(fc.nat(255), fc.uint8Array({ maxLength: 20 })), { maxLength: 10 });
  await fc.assert(
    fc.asyncProperty(frames, fc.integer({ min: 1, max: 9 }), async (given, step) => {
      const bytes = Buffer.concat(given.map(([type, payload]) => encodeFrame(type, payload)));
      const seen: [number, number[]][] = [];
      const reader = createFrameReader((type, payload) => {
        seen.push([type, [...payload]]);
        return undefined;
      });
      for (let at = 0; at < bytes.length; at += step) await reader.write(bytes.subarray(at, at + step));
      reader.end();
      expect(seen).toEqual(given.map(([type, payload]) => [type, [...payload]]));
    }),
  );
});

test("a frame that is too long or cut off is an error, and a slow receiver is waited for", async () => {
  const nothing = () => undefined;
  await expect(createFrameReader(nothing).write(Buffer.from([0, 255, 255, 255, 255]))).rejects.toThrow("too long");
  const cut = createFrameReader(nothing);
  await cut.write(encodeFrame(0, "text").subarray(0, 7));
  expect(() => cut.end()).toThrow("ended within a message");
  const order: string[] = [];
  const slow = createFrameReader(async (type) => {
    await new Promise((resolve) => setImmediate(resolve));
    order.push(String(type));
  });
  await slow.write(Buffer.concat([encodeFrame(1, ""), encodeFrame(2, "")]));
  expect(order).toEqual(["1", "2"]);
});

test("each ssh channel has a connection to its own agent", async () => {
  const folder = mkdtempSync("/dev/shm/berth-ssh-");
  const agents = ["one", "two"].map((id) => ({ id, socket: join(folder, id) }));
  const servers = agents.map(({ id, socket }) => {
    const server = createServer((client) => client.on("data", (data) => client.end(`${id} heard ${data}`)));
    return new Promise<typeof server>((resolve) => server.listen(socket, () => resolve(server)));
  });
  const open = await Promise.all(servers);
  const sent: [number, string][] = [];
  const connection = {
    sendSsh: (channel: number, data: Uint8Array) => void sent.push([channel, Buffer.from(data).toString()]),
  } as unknown as BuildConnection;
  const channels = new SshChannels(agents, connection);
  channels.announce(7, "two");
  channels.receive(7, Buffer.from("hi"));
  channels.receive(8, Buffer.from("ho"));
  channels.announce(9, "nobody");
  channels.receive(9, Buffer.from("x"));
  await expect.poll(() => sent.length).toBe(5);
  expect(sent.filter(([channel]) => channel === 7)).toEqual([
    [7, "two heard hi"],
    [7, ""],
  ]);
  expect(sent.filter(([channel]) => channel === 8)).toEqual([
    [8, "one heard ho"],
    [8, ""],
  ]);
  expect(sent.filter(([channel]) => channel === 9)).toEqual([[9, ""]]);
  channels.close();
  for (const server of open) server.close();
  rmSync(folder, { recursive: true, force: true });
});
