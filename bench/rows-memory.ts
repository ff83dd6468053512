import { type Contender, call } from "./contender.ts";
import { type Figure, figure, machineMemory, median, pidsNamed, pss, rss } from "./measure.ts";
import type { Context, Row } from "./rows.ts";

const image = "berth-bench-busybox";

const sum = (values: number[]) => values.reduce((total, value) => total + value, 0);
const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

async function startMany(on: Contender, prefix: string, count: number): Promise<string[]> {
  const names = Array.from({ length: count }, (_, index) => `${prefix}-${index}`);
  let next = 0;
  const work = async () => {
    for (let name = names[next++]; name !== undefined; name = names[next++])
      await call(on, ["run", "-d", "--network", "none", "--name", name, image, "sleep", "3600"]);
  };
  await Promise.all(Array.from({ length: 8 }, work));
  return names;
}

async function removeMany(on: Contender, names: string[]): Promise<void> {
  for (let from = 0; from < names.length; from += 50) await call(on, ["rm", "-f", ...names.slice(from, from + 50)]);
}

async function memory(contenders: Contender[], context: Context): Promise<Figure[]> {
  const [idle, each] = [new Map<string, number[]>(), new Map<string, number[]>()];
  for (const on of contenders.filter(({ name }) => name !== "podman")) {
    await sleep(1000);
    idle.set(on.name, [sum(on.daemonPids().map(rss))]);
    const before = sum(pidsNamed(on.monitors).map(pss));
    const names = await startMany(on, "bench-memory", 20);
    await sleep(1000);
    each.set(on.name, [(sum(pidsNamed(on.monitors).map(pss)) - before) / 20]);
    await removeMany(on, names);
  }
  return [
    figure("idle daemon, resident", "MB", idle, 1),
    figure("per running container, proportional", "MB", each, 1),
    ...(await many(contenders, context)),
  ];
}

async function many(contenders: Contender[], context: Context): Promise<Figure[]> {
  const count = context.quick ? 50 : 500;
  const [total, list, exec] = [new Map<string, number[]>(), new Map<string, number[]>(), new Map<string, number[]>()];
  const alone = new Map<string, number[]>();
  for (const on of contenders.filter(({ name }) => name !== "podman")) {
    const before = machineMemory();
    const one = await startMany(on, "bench-alone", 1);
    const times = async (args: string[]) => {
      const taken: number[] = [];
      for (let round = 0; round < 7; round++) taken.push((await call(on, args)).ms);
      return median(taken);
    };
    alone.set(on.name, [await times(["exec", one[0] ?? "", "true"])]);
    const names = await startMany(on, "bench-many", count);
    await sleep(2000);
    total.set(on.name, [machineMemory() - before - sum(pidsNamed(["sleep"]).map(pss))]);
    list.set(on.name, [await times(["ps", "-a"])]);
    exec.set(on.name, [await times(["exec", names[0] ?? "", "true"])]);
    await removeMany(on, [...one, ...names]);
  }
  return [
    figure(`${count} sleeping containers, memory beside their own`, "MB", total, 1),
    figure(`ps -a with ${count} containers`, "ms", list, 7),
    figure("exec of true, alone", "ms", alone, 7),
    figure(`exec of true among ${count} containers`, "ms", exec, 7),
  ];
}

export const memoryRows: Row[] = [{ name: "memory; 500 containers", podman: false, measure: memory }];
