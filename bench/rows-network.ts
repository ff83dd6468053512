import { spawn } from "node:child_process";
import { type Contender, call, remove, time } from "./contender.ts";
import { alternate } from "./measure.ts";
import type { Context, Row } from "./rows.ts";

const image = "berth-bench-busybox";

/** Each contender has ports of its own: they may share a network namespace. */
const basePort = (on: Contender) => ({ berth: 21000, docker: 24000, podman: 27000 })[on.name];
const names = (prefix: string, count: number) => Array.from({ length: count }, (_, index) => `${prefix}-${index}`);

const timed = async (task: () => Promise<unknown>): Promise<number> => {
  const began = performance.now();
  await task();
  return performance.now() - began;
};

async function inParallel(count: number, width: number, task: (index: number) => Promise<unknown>): Promise<void> {
  let next = 0;
  const work = async () => {
    while (next < count) await task(next++);
  };
  await Promise.all(Array.from({ length: width }, work));
}

/** Runs a script of Node in the network namespace of the contender's daemon, and gives what it prints. */
function beside(on: Contender, context: Context, script: string): Promise<string> {
  const pid = context.network ?? on.daemonPids()[0];
  const args = pid === undefined ? [] : ["nsenter", "-t", String(pid), "-n"];
  const [program = "", ...rest] = [...args, process.execPath, "-e", script];
  return new Promise((resolve, reject) => {
    const child = spawn(program, rest, { stdio: ["ignore", "pipe", "inherit"] });
    let out = "";
    child.stdout.on("data", (data) => {
      out += data;
    });
    child.on("close", (code) => (code === 0 ? resolve(out) : reject(new Error(`the client ended with ${code}`))));
  });
}

/** Resolves when every port accepts a connection on 127.0.0.1. */
const answering = (first: number, count: number) => `
  const net = require("node:net");
  const one = (port) => new Promise((resolve) => {
    const attempt = () => {
      const socket = net.connect(port, "127.0.0.1");
      socket.on("connect", () => { socket.destroy(); resolve(); });
      socket.on("error", () => { socket.destroy(); setTimeout(attempt, 5); });
    };
    attempt();
  });
  Promise.all(Array.from({ length: ${count} }, (_, index) => one(${first} + index)));`;

const server = ["httpd", "-f", "-p", "80", "-h", "/"];

/** The server's address as the host sees it. */
async function addressOf(on: Contender, name: string): Promise<string> {
  const format = "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}";
  return (await call(on, ["inspect", "-f", format, name])).stdout.trim();
}

export const networkRows: Row[] = [
  {
    name: "run --rm busybox true, default bridge",
    podman: true,
    measure: async (contenders, { rounds }) => [
      await alternate("run --rm busybox true, default bridge", contenders, rounds * 3, (on) =>
        time(on, `"$@" run --rm ${image} true`),
      ),
    ],
  },
  {
    name: "run -d -p, 50 at 10 in parallel, all answering",
    podman: false,
    measure: async (contenders, context) => [
      await alternate("run -d -p, 50 at 10, all answering", contenders, Math.ceil(context.rounds / 3), async (on) => {
        const all = names("bench-port", 50);
        const run = (index: number) => {
          const publish = `127.0.0.1:${basePort(on) + index}:80`;
          return call(on, ["run", "-d", "--name", all[index] ?? "", "-p", publish, image, ...server]);
        };
        const ms = await timed(async () => {
          await inParallel(50, 10, run);
          await beside(on, context, answering(basePort(on), 50));
        });
        await remove(on, all);
        return ms;
      }),
    ],
  },
  {
    name: "one run while 32 others start",
    podman: false,
    measure: async (contenders, { rounds }) => [
      await alternate("one run while 32 others start", contenders, Math.ceil(rounds / 3), async (on) => {
        const all = names("bench-crowd", 32);
        const others = all.map((name) => call(on, ["run", "-d", "--name", name, image, "sleep", "600"]));
        await others[0];
        const ms = await time(on, `"$@" run --rm ${image} true`);
        await Promise.all(others);
        await remove(on, all);
        return ms;
      }),
    ],
  },
  {
    name: "1,000 published ports on one container",
    podman: false,
    measure: async (contenders, { rounds }) => [
      await alternate("1,000 published ports on one container", contenders, Math.ceil(rounds / 3), async (on) => {
        const first = basePort(on) + 500;
        const publish = `127.0.0.1:${first}-${first + 999}:1000-1999`;
        const { ms } = await call(on, ["run", "-d", "--name", "bench-thousand", "-p", publish, image, "sleep", "600"]);
        await remove(on, ["bench-thousand"]);
        return ms;
      }),
    ],
  },
  {
    name: "requests through a published port and between containers",
    podman: false,
    measure: async (contenders, context) => {
      const requests = context.quick ? 500 : 2000;
      for (const on of contenders) {
        const publish = `127.0.0.1:${basePort(on)}:80`;
        await call(on, ["run", "-d", "--name", "bench-web", "-p", publish, image, ...server]);
      }
      const rounds = Math.ceil(context.rounds / 3);
      const script = `
        const net = require("node:net");
        let left = ${requests};
        const work = () => { if (left-- <= 0) return; const s = net.connect(PORT, "127.0.0.1", () => s.end("GET /etc/passwd HTTP/1.0\\r\\n\\r\\n"));
          s.resume(); s.on("close", work); s.on("error", () => {}); };
        for (let index = 0; index < 16; index++) work();`;
      const published = await alternate(`${requests} requests through a published port`, contenders, rounds, (on) =>
        timed(() => beside(on, context, script.replace("PORT", String(basePort(on))))),
      );
      const between = await alternate("256 MiB between two containers", contenders, rounds, async (on) => {
        await call(on, ["run", "-d", "--name", "bench-sink", image, "sh", "-c", "nc -l -p 90 >/dev/null"]);
        const address = await addressOf(on, "bench-sink");
        const { ms } = await call(on, [
          "run",
          "--rm",
          image,
          "sh",
          "-c",
          `dd if=/dev/zero bs=1M count=256 2>/dev/null | nc ${address} 90`,
        ]);
        await remove(on, ["bench-sink"]);
        return ms;
      });
      for (const on of contenders) await remove(on, ["bench-web"]);
      return [published, between];
    },
  },
  {
    name: "network create and rm",
    podman: false,
    measure: async (contenders, { rounds }) => [
      await alternate("network create and rm", contenders, rounds, (on) =>
        timed(async () => {
          await call(on, ["network", "create", "bench-net"]);
          await call(on, ["network", "rm", "bench-net"]);
        }),
      ),
    ],
  },
];
