import { spawn } from "node:child_process";
import { expect, test } from "vitest";
import { detectCgroups, readProcesses, terminalName } from "../../../system/index.ts";
import { createContainers } from "../create-containers.ts";
import { createVitals } from "../create-vitals.ts";
import { createFakeWorld } from "../testing/fake-context.ts";
import { ownTable, userNames } from "./own-table.ts";
import { checkPsArguments, parsePsOutput } from "./ps-output.ts";

test("rows of the container's processes, and of their threads", () => {
  const text =
    "  PID TTY STAT CMD\n    1 ?   Ss   init\n   20 ?   -    sh -c  a b\n    - -   Sl   -\n   21 ?   Ss   other\n    - -   Sl   -\n\n";
  expect(parsePsOutput(text, [20])).toEqual({
    Titles: ["PID", "TTY", "STAT", "CMD"],
    Processes: [
      ["20", "?", "-", "sh -c a b"],
      ["-", "-", "Sl", "-"],
    ],
  });
});

test("Docker's texts for output that tells no pid", () => {
  expect(() => parsePsOutput("COMMAND\nsh\n", [1])).toThrow("Couldn't find PID field in ps output");
  expect(() => parsePsOutput("PID\nx\n", [1])).toThrow(`Unexpected pid 'x': strconv.Atoi: parsing "x": invalid syntax`);
  expect(() => checkPsArguments("-o comm=PID")).toThrow('specifying "comm=PID" is not allowed');
  expect(() => checkPsArguments("-o pid=PID,comm")).not.toThrow();
  expect(() => checkPsArguments("-ef\0")).toThrow("invalid arguments");
});

test("a host without ps has the columns of ps -ef", () => {
  const child = spawn("/bin/sleep", ["60"], { stdio: "ignore" });
  try {
    const table = ownTable(readProcesses([child.pid ?? 0, 4194305]), Date.now(), userNames("root:x:0:0::/:/bin/sh\n"));
    expect(table.Titles).toEqual(["UID", "PID", "PPID", "C", "STIME", "TTY", "TIME", "CMD"]);
    expect(table.Processes).toHaveLength(1);
    const [row = []] = table.Processes;
    expect(row[1]).toBe(String(child.pid));
    expect(row[2]).toBe(String(process.pid));
    expect(row[4]).toMatch(/^\d\d:\d\d$/);
    expect(row[6]).toBe("00:00:00");
    expect(row[7]).toBe("/bin/sleep 60");
  } finally {
    child.kill("SIGKILL");
  }
});

test("times that are longer than a day or an hour, users without a name, terminals", () => {
  const row = { pid: 1, parent: 0, uid: 7, terminal: "pts/3", command: "x" };
  const now = new Date(2026, 10, 21, 12).getTime();
  const days = { ...row, started: new Date(2026, 10, 3).getTime(), cpuTime: 3_723_000 };
  const years = { ...row, started: new Date(2024, 1, 1).getTime(), cpuTime: 0 };
  expect(ownTable([days, years], now, () => undefined).Processes).toEqual([
    ["7", "1", "0", "0", "Nov03", "pts/3", "01:02:03", "x"],
    ["7", "1", "0", "0", "2024", "pts/3", "00:00:00", "x"],
  ]);
  expect([0, 0x8803, 0x8900, 0x0401, 0x0440].map(terminalName)).toEqual(["?", "pts/3", "pts/256", "tty1", "ttyS0"]);
});

test("only a container that runs has processes", async () => {
  const world = await createFakeWorld();
  try {
    const containers = createContainers(world.context);
    const { Id } = await containers.create({
      name: "tt",
      body: { Image: "busybox", HostConfig: { NetworkMode: "none" } },
    });
    const vitals = createVitals(world.context, { cgroups: detectCgroups(), ps: "/bin/ps" });
    await expect(vitals.top(Id, "")).rejects.toThrow(`container ${Id} is not running`);
  } finally {
    world.dispose();
  }
});
