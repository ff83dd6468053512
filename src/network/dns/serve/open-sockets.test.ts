import { closeSync, readlinkSync } from "node:fs";
import { afterEach, expect, test, vi } from "vitest";
import { SyscallError } from "../../../system/index.ts";
import { createContainerNetwork } from "../testing/container-network.ts";
import { openServerSockets } from "./open-sockets.ts";

let supported = true;
vi.mock("../../../system/sockets/index.ts", async (original) => {
  const real = await original<typeof import("../../../system/sockets/index.ts")>();
  return {
    ...real,
    sendNetfilterBatch(batch: Uint8Array) {
      if (!supported) throw new SyscallError("nf_tables", 95);
      real.sendNetfilterBatch(batch);
    },
  };
});
afterEach(() => {
  supported = true;
});

const ports = ({ udp, tcp }: { udp: number; tcp: number }) => {
  closeSync(udp);
  closeSync(tcp);
};

test("without nf_tables the server takes port 53 itself, and says which port it cannot have", async () => {
  const container = await createContainerNetwork();
  try {
    supported = false;
    const sockets = container.inside(openServerSockets);
    expect(sockets.redirected).toBe(false);
    expect(() => container.inside(openServerSockets)).toThrow("EADDRINUSE: bind '127.0.0.11:53'");
    ports(sockets);
    supported = true;
    const redirected = container.inside(openServerSockets);
    expect(redirected.redirected).toBe(true);
    ports(redirected);
  } finally {
    container.close();
  }
});

test("the thread is back in its own network after a failure", async () => {
  const container = await createContainerNetwork();
  const where = () => readlinkSync("/proc/thread-self/ns/net");
  try {
    const before = where();
    const inside = container.inside(where);
    supported = false;
    const sockets = container.inside(openServerSockets);
    expect(() => container.inside(openServerSockets)).toThrow("EADDRINUSE");
    expect(where()).toBe(before);
    expect(inside).not.toBe(before);
    ports(sockets);
  } finally {
    container.close();
  }
});
