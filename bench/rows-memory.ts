import { type Contender, remove, time } from "./contender.ts";
import { type Figure, figure, machineMemory, median, pidsNamed, pss, rss } from "./measure.ts";
import type { Context, Row } from "./rows.ts";
import { names, startSleeper } from "./rows-containers.ts";

const sum = (values: number[]) => values.reduce((total, value) => total + value, 0);
const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
const daemons = (contenders: Contender[]) => contenders.filter(({ name }) => name !== "podman");

async function startMany(on: Contender, prefix: string, count: number): Promise<string[]> {
  const all = names(prefix, count);
  await time(on, `printf '%s\\n' ${all.join(" ")} | xargs -P 8 -I{} ${startSleeper("{}")}`);
  return all;
}

async function removeMany(on: Contender, all: string[]): Promise<void> {
  for (let from = 0; from < all.length; from += 50) await remove(on, all.slice(from, from + 50));
}

/** Median of seven calls in a row. */
async function usual(on: Contender, command: string): Promise<number> {
  const taken: number[] = [];
  for (let round = 0; round < 7; round++) taken.push(await time(on, `"$@" ${command}`));
  return median(taken);
}

/** MB that a daemon holds once it has come to rest: what it needed for a job before it gives back after a while. */
async function resident(on: Contender): Promise<number> {
  const now = () => sum(on.daemonPids().map(rss));
  for (let tries = 0, before = now(); tries < 12; tries++) {
    await sleep(10_000);
    const after = now();
    if (after > before * 0.98) return after;
    before = after;
  }
  return now();
}

async function few(contenders: Contender[]): Promise<Figure[]> {
  const [idle, each] = [new Map<string, number[]>(), new Map<string, number[]>()];
  for (const on of daemons(contenders)) {
    idle.set(on.name, [await resident(on)]);
    const before = sum(on.monitorPids().map(pss));
    const all = await startMany(on, "few", 20);
    await sleep(1000);
    each.set(on.name, [(sum(on.monitorPids().map(pss)) - before) / 20]);
    await removeMany(on, all);
  }
  return [
    figure("idle daemon, resident", "MB", idle),
    figure("per running container, its monitor, proportional", "MB", each),
  ];
}

async function many(contenders: Contender[], context: Context): Promise<Figure[]> {
  const count = context.quick ? 50 : 500;
  const figures = {
    total: new Map<string, number[]>(),
    own: new Map<string, number[]>(),
    list: new Map<string, number[]>(),
    alone: new Map<string, number[]>(),
    exec: new Map<string, number[]>(),
  };
  for (const on of daemons(contenders)) {
    const before = machineMemory();
    const [one = ""] = await startMany(on, "alone", 1);
    figures.alone.set(on.name, [await usual(on, `exec ${one} true`)]);
    const sleepers = sum(pidsNamed("sleep").map(pss));
    const all = await startMany(on, "many", count);
    await sleep(3000);
    // What they all cost the machine, the kernel's share included, less what runs in them.
    figures.total.set(on.name, [machineMemory() - before - (sum(pidsNamed("sleep").map(pss)) - sleepers)]);
    figures.own.set(on.name, [sum([...on.daemonPids(), ...on.monitorPids()].map(pss))]);
    figures.list.set(on.name, [await usual(on, "ps -a")]);
    figures.exec.set(on.name, [await usual(on, `exec ${all[0]} true`)]);
    await removeMany(on, [one, ...all]);
  }
  return [
    figure(`${count} sleeping containers: memory of the machine beside their own processes`, "MB", figures.total),
    figure(`${count} sleeping containers: daemon and monitors, proportional`, "MB", figures.own),
    figure(`ps -a with ${count} containers`, "ms", figures.list),
    figure("exec of true, alone", "ms", figures.alone),
    figure(`exec of true among ${count} containers`, "ms", figures.exec),
  ];
}

export const memoryRows: Row[] = [
  {
    name: "memory; 500 containers",
    podman: false,
    measure: async (contenders, context) => [...(await few(contenders)), ...(await many(contenders, context))],
  },
];
