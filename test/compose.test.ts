import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { importBusybox } from "./harness/busybox.ts";
import { type Daemon, startDaemon } from "./harness/daemon.ts";
import { isRoot, type Machine, makeMachine, until } from "./harness/machine.ts";

const one = process.env.BERTH_TEST_COMPOSE1;
const two = process.env.BERTH_TEST_COMPOSE2;

/** Three services: one that must be healthy first, one with several containers, one that is published. */
const project = `
version: "3.8"
services:
  db:
    image: busybox
    command: sh -c "sleep 0.5; touch /data/ready; exec sleep 600"
    volumes: [ "data:/data" ]
    healthcheck: { test: [ "CMD", "test", "-e", "/data/ready" ], interval: 200ms, retries: 50 }
    stop_grace_period: 0s
  app:
    image: busybox
    command: sh -c "mkdir /www; hostname > /www/index.html; echo serving; exec httpd -f -p 8000 -h /www"
    environment: { COLOUR: "blue" }
    depends_on: { db: { condition: service_healthy } }
    networks: [ default, back ]
    stop_grace_period: 0s
  web:
    image: busybox
    command: sh -c "mkdir /www; echo 'hello from web' > /www/index.html; exec httpd -f -p 80 -h /www"
    ports: [ "127.0.0.1:8080:80" ]
    depends_on: [ app ]
    labels: { tier: front }
    stop_grace_period: 0s
volumes: { data: {} }
networks: { back: { internal: true } }
`;

describe.skipIf(!isRoot)("Compose", () => {
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

  const lines = async (args: string[]) => (await daemon.berth(args)).stdout.trim().split("\n").filter(Boolean).sort();
  const fetched = (url: string) => machine.exec("curl", ["-s", "-m", "5", url]);

  const versions: [string, string | undefined, string[], Record<string, string>][] = [
    ["1", one, ["/usr/bin/python3", one ?? ""], { PYTHONPATH: process.env.BERTH_TEST_COMPOSE1_PATH ?? "" }],
    ["2", two, [two ?? ""], {}],
  ];
  for (const [version, program, [command = "", ...before], env] of versions) {
    it.skipIf(program === undefined)(
      `${version} brings up, scales, restarts and takes down a project`,
      async () => {
        const folder = join(machine.dir, `shop${version}`);
        mkdirSync(folder);
        writeFileSync(join(folder, "docker-compose.yml"), project);
        const separator = version === "1" ? "_" : "-";
        const name = (service: string, number = 1) => [`shop${version}`, service, number].join(separator);
        const compose = async (...args: string[]) => {
          const file = ["-f", join(folder, "docker-compose.yml")];
          const options = { env: { ...env, DOCKER_HOST: daemon.host, HOME: folder }, timeoutMs: 60_000 };
          const done = await machine.exec(command, [...before, ...file, ...args], options);
          expect([args, done.code, done.code === 0 ? "" : done.stderr]).toEqual([args, 0, ""]);
          return done;
        };

        await compose("up", "-d");
        expect(await lines(["ps", "--format", "{{.Names}}"])).toEqual([name("app"), name("db"), name("web")]);
        expect((await lines(["inspect", "-f", "{{.State.Health.Status}}", name("db")]))[0]).toBe("healthy");
        await until("web answers", async () => (await fetched("http://127.0.0.1:8080")).stdout === "hello from web\n");
        const inside = await compose("exec", "-T", "web", "wget", "-qO-", "http://app:8000/");
        expect(inside.stdout.trim()).toMatch(/^[0-9a-f]{12}$/);
        expect((await compose("exec", "-T", "app", "env")).stdout).toContain("COLOUR=blue");
        expect((await compose("ps", "-q")).stdout.trim().split("\n")).toHaveLength(3);
        expect((await compose("logs", "--no-color", "app")).stdout).toContain("serving");
        expect((await compose("port", "web", "80")).stdout.trim()).toBe("127.0.0.1:8080");

        const kept = await lines(["ps", "-q", "--no-trunc"]);
        await compose("up", "-d", "--scale", "app=3");
        expect(await lines(["ps", "-q", "--no-trunc"])).toEqual(expect.arrayContaining(kept));
        const scaled = [1, 2, 3].map((number) => name("app", number));
        expect(await lines(["ps", "--filter", "name=app", "--format", "{{.Names}}"])).toEqual(scaled);
        const answers = await compose("exec", "-T", "web", "nslookup", "app", "127.0.0.11");
        expect(new Set(answers.stdout.match(/Address: \d+\.\d+\.\d+\.\d+$/gm)).size).toBe(3);

        const startedAt = () => lines(["inspect", "-f", "{{.State.StartedAt}}", name("web")]);
        const before1 = await startedAt();
        await compose("restart", "-t", "0");
        expect(await startedAt()).not.toEqual(before1);
        await until("web answers", async () => (await fetched("http://127.0.0.1:8080")).stdout === "hello from web\n");
        await daemon.restart("SIGKILL");
        expect(await lines(["ps", "-q"])).toHaveLength(5);
        await compose("up", "-d", "--scale", "app=1");
        expect(await lines(["ps", "-q"])).toHaveLength(3);

        await compose("stop", "-t", "0");
        expect(await lines(["ps", "-q"])).toEqual([]);
        await compose("start");
        expect(await lines(["ps", "-q"])).toHaveLength(3);
        await compose("down", "-v", "-t", "0");
        expect(await lines(["ps", "-aq"])).toEqual([]);
        expect(await lines(["volume", "ls", "-q"])).toEqual([]);
        expect(await lines(["network", "ls", "--format", "{{.Name}}"])).toEqual(["bridge", "host", "none"]);
      },
      120_000,
    );
  }
});
