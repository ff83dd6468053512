import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { DoctorReport } from "../src/spec/api/index.ts";
import { importBusybox } from "./harness/busybox.ts";
import { type Daemon, startDaemon } from "./harness/daemon.ts";
import { type Facts, factsOf } from "./harness/facts.ts";
import { isRoot, type Machine, makeMachine } from "./harness/machine.ts";

const cycles = Number(process.env.BERTH_TEST_CYCLES ?? 200);

describe.skipIf(!isRoot)("create, start, stop, rm", () => {
  let machine: Machine;
  let daemon: Daemon;
  beforeAll(async () => {
    machine = await makeMachine();
    daemon = await startDaemon(machine);
    await importBusybox(daemon);
  });
  afterAll(async () => {
    await machine?.[Symbol.asyncDispose]();
  });

  const post = async (path: string, body?: unknown): Promise<{ Id: string }> => {
    const answer = await daemon.request("POST", path, body);
    expect([path, answer.status < 300, answer.status < 300 ? "" : answer.text]).toEqual([path, true, ""]);
    return answer.json as { Id: string };
  };
  const cycle = async (number: number): Promise<void> => {
    const bind = number % 2 === 0 ? { Volumes: { "/anonymous": {} } } : {};
    const body = { Image: "busybox", Cmd: ["sleep", "1000"], ...bind, HostConfig: { Memory: 64 * 1024 * 1024 } };
    const { Id: id } = await post(`/containers/create?name=cycle${number}`, body);
    await post(`/containers/${id}/start`);
    await post(`/containers/${id}/stop?t=0`);
    expect((await daemon.request("DELETE", `/containers/${id}?v=1`)).status).toBe(204);
  };
  /** Namespaces that processes of the machine hold. */
  const namespaces = async (): Promise<number> =>
    (await machine.exec("lsns", ["-rn", "-o", "NS"])).stdout.trim().split("\n").length;
  const files = (path: string): string[] =>
    !existsSync(path) ? [] : (readdirSync(path, { recursive: true }) as string[]).sort();
  const facts = (): Omit<Facts, "memory"> & { cgroups: number; files: string[] } => {
    const { memory: _, ...rest } = factsOf(daemon);
    const roots = ["containers", "volumes"].flatMap((name) => files(join(daemon.dataRoot, name)));
    const run = files(join(daemon.dir, "exec/containers"));
    return { ...rest, cgroups: machine.cgroups().length, files: [...roots, ...run] };
  };

  it(`${cycles} times leave nothing behind and no memory in use`, { timeout: 600_000 }, async () => {
    for (let number = 0; number < 20; number++) await cycle(number);
    await expect.poll(() => facts().files, { timeout: 20_000 }).toEqual([]);
    const calm = facts();
    const before = { ...calm, memory: factsOf(daemon).memory, namespaces: await namespaces() };
    for (let number = 0; number < cycles; number++) await cycle(number);
    await expect
      .poll(facts, { timeout: 30_000, interval: 200 })
      .toEqual({ ...calm, descriptors: expect.any(Number), mounts: before.mounts, processes: before.processes });
    // Threads that have been idle end after some seconds, and take their descriptors along.
    await expect
      .poll(() => facts().descriptors, { timeout: 30_000, interval: 200 })
      .toBeLessThanOrEqual(before.descriptors);
    // A thousand times a leak of 20 kB would be more than this.
    expect(factsOf(daemon).memory - before.memory).toBeLessThan(30);
    const report = (await daemon.get("/berth/doctor")).json as DoctorReport;
    expect(report.Findings).toEqual([]);
    expect(await namespaces()).toBe(before.namespaces);
  });
});
