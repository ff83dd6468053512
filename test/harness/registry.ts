import { type ChildProcess, spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { build } from "esbuild";
import type { FakeRegistryOptions, Fault, SeenRequest } from "../../src/registry/testing/index.ts";
import { type Machine, until } from "./machine.ts";

export interface RegistrySpec {
  images: { path: string; tag: string; layers: string[]; compression?: "gzip" | "none" }[];
  options?: FakeRegistryOptions;
  faults?: Fault[];
  /** Requests with this in their line are answered with wrong bytes of the right length. */
  lies?: string;
}

export interface MachineRegistry {
  /** "127.0.0.1:port", inside the machine. */
  domain: string;
  requests(): Promise<SeenRequest[]>;
}

/** Starts the registry for tests inside a machine; it ends with the machine. */
export async function startRegistry(machine: Machine, spec: RegistrySpec): Promise<MachineRegistry> {
  const outfile = join(machine.dir, "registry.main.mjs");
  const entryPoints = [join(import.meta.dirname, "registry.main.ts")];
  await build({ entryPoints, outfile, bundle: true, platform: "node", format: "esm", target: "node20" });
  const file = join(machine.dir, `registry-${Math.random().toString(36).slice(2)}.json`);
  writeFileSync(file, JSON.stringify(spec));
  const [program, args] = machine.enter(process.execPath, [outfile, file]);
  const child: ChildProcess = spawn(program, args, { stdio: ["ignore", "pipe", "inherit"] });
  const lines: string[] = [];
  let rest = "";
  child.stdout?.on("data", (data) => {
    rest += data;
    const parts = rest.split("\n");
    rest = parts.pop() ?? "";
    lines.push(...parts);
  });
  const domain = await until("the registry listens", () => lines[0]);
  const requests = async () => {
    const before = lines.length;
    // nsenter --pid forks: the registry is its child, named in the machine's own process list.
    await machine.exec("sh", [
      "-c",
      `kill -USR1 $(ps -eo pid,args | awk '/[r]egistry.main.mjs.*${file.split("/").pop()}/{print $1}')`,
    ]);
    return JSON.parse(await until("the registry tells", () => lines[before])) as SeenRequest[];
  };
  return { domain, requests };
}
