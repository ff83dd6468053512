import { apiPath } from "../../../api/client/index.ts";
import { CliError } from "../../core/cli-error.ts";
import { atLeast, command } from "../../core/command.ts";
import * as flag from "../../core/flag.ts";
import { restartPolicy } from "../../run-options/create-body.ts";
import { each } from "./each.ts";

const FLAGS = {
  "blkio-weight": flag.uint16("Block IO (relative weight), between 10 and 1000, or 0 to disable"),
  "cpu-period": flag.int("Limit CPU CFS (Completely Fair Scheduler) period"),
  "cpu-quota": flag.int("Limit CPU CFS (Completely Fair Scheduler) quota"),
  "cpu-rt-period": flag.int("Limit the CPU real-time period in microseconds"),
  "cpu-rt-runtime": flag.int("Limit the CPU real-time runtime in microseconds"),
  "cpu-shares": flag.int("CPU shares (relative weight)", { short: "c" }),
  cpus: flag.cpus("Number of CPUs"),
  "cpuset-cpus": flag.string("CPUs in which to allow execution (0-3, 0,1)"),
  "cpuset-mems": flag.string("MEMs in which to allow execution (0-3, 0,1)"),
  memory: flag.bytes("Memory limit", { short: "m" }),
  "memory-reservation": flag.bytes("Memory soft limit"),
  "memory-swap": flag.swapBytes("Swap limit equal to memory plus swap: -1 to enable unlimited swap"),
  "pids-limit": flag.int("Tune container pids limit (set -1 for unlimited)"),
  restart: flag.string("Restart policy to apply when a container exits"),
};

/** What a container has from its making on: its processes, or its place among others, would not follow. */
const FIXED = Object.fromEntries(
  [
    "entrypoint",
    "env",
    "env-file",
    "hostname",
    "image",
    "label",
    "mount",
    "read-only",
    "user",
    "volume",
    "workdir",
  ].map((name) => [
    name,
    flag.refused("string", `it cannot change while the container is there: use "recreate --${name}"`),
  ]),
);

export const update = command({
  usage: "[OPTIONS] CONTAINER [CONTAINER...]",
  aliases: ["container update", "update"],
  arity: atLeast(1),
  flags: { ...FLAGS, ...FIXED },
  async run(context, { flags, args, changed }) {
    if (!Object.keys(FLAGS).some((name) => changed(name as keyof typeof FLAGS)))
      throw new CliError("you must provide one or more flags when using this command");
    const json = {
      BlkioWeight: flags["blkio-weight"],
      CpuShares: flags["cpu-shares"],
      NanoCpus: flags.cpus,
      CpuPeriod: flags["cpu-period"],
      CpuQuota: flags["cpu-quota"],
      CpuRealtimePeriod: flags["cpu-rt-period"],
      CpuRealtimeRuntime: flags["cpu-rt-runtime"],
      CpusetCpus: flags["cpuset-cpus"],
      CpusetMems: flags["cpuset-mems"],
      Memory: flags.memory,
      MemoryReservation: flags["memory-reservation"],
      MemorySwap: flags["memory-swap"],
      ...(flags["pids-limit"] === 0 ? {} : { PidsLimit: flags["pids-limit"] }),
      RestartPolicy: restartPolicy(flags.restart),
    };
    const warnings: string[] = [];
    const done = await each(context, args, async (name) => {
      const path = apiPath`/containers/${name}/update`;
      const answer = await context.client.json<{ Warnings: string[] | null }>("POST", path, { json });
      warnings.push(...(answer.Warnings ?? []));
      return name;
    });
    if (warnings.length > 0) context.out.write(`${warnings.join("\n")}\n`);
    return done;
  },
});
