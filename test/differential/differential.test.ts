import { spawnSync } from "node:child_process";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { requestOn } from "../harness/api-request.ts";
import { busyboxTar, importBusybox } from "../harness/busybox.ts";
import { type Daemon, dockerClient, startDaemon } from "../harness/daemon.ts";
import { isRoot, type Machine, makeMachine } from "../harness/machine.ts";
import { differences, meaning } from "./compare.ts";
import { explained } from "./explained.ts";
import { requests } from "./requests.ts";

const dockerd = process.env.BERTH_TEST_DOCKERD ?? "";
const docker = (...args: string[]) => spawnSync(dockerClient, ["-H", dockerd, ...args], { encoding: "utf8" });

/** The newest API version that both of today's daemons know. */
const version = "/v1.45";

describe.skipIf(!isRoot || dockerd === "")("the same requests to dockerd and Berth", () => {
  let machine: Machine;
  let daemon: Daemon;
  const tidy = () => {
    docker("rm", "-f", "btdiff-a", "btdiff-b", "btdiff-bad", "btdiff-f");
    docker("volume", "rm", "-f", "btdiff-vol", "btdiff-opts");
    docker("rmi", "-f", "btdiff/box", "btdiff/copy:2", "btdiff/made:1", "btdiff/empty:x");
  };
  beforeAll(async () => {
    machine = await makeMachine();
    daemon = await startDaemon(machine);
    await importBusybox(daemon);
    tidy();
    expect(docker("import", "--change", 'CMD ["sh"]', busyboxTar(), "btdiff/box:latest").status).toBe(0);
    await daemon.berth(["tag", "busybox", "btdiff/box:latest"]);
    await daemon.berth(["rmi", "busybox"]);
  });
  afterAll(async () => {
    tidy();
    await machine?.[Symbol.asyncDispose]();
  });

  it(`gets the same answers to ${requests.length}`, async () => {
    const found: unknown[] = [];
    for (const [index, asked] of requests.entries()) {
      const path = /^\/v\d/.test(asked.path) ? asked.path : version + asked.path;
      const ask = (socket: string) => requestOn(socket, asked.method, path, asked.body);
      const [theirs, ours] = await Promise.all([ask(dockerd.replace(/^unix:\/\//, "")), ask(daemon.socket)]);
      for (const [member, docker, berth] of differences(meaning(asked, theirs), meaning(asked, ours))) {
        if (explained(asked, member, docker, berth)) continue;
        found.push({ index, request: `${asked.method} ${asked.path}`, body: asked.body, member, docker, berth });
      }
    }
    if (process.env.BERTH_TEST_PRINT) process.stderr.write(`${found.map((each) => JSON.stringify(each)).join("\n")}\n`);
    expect(found).toEqual([]);
  }, 120_000);
});
