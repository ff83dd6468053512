import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { busyboxTar } from "./harness/busybox.ts";
import { type Daemon, dockerClient, startDaemon } from "./harness/daemon.ts";
import { has, isRoot, type Machine, makeMachine, until } from "./harness/machine.ts";
import { startRegistry } from "./harness/registry.ts";

const clients = (["berth", "docker"] as const).filter((client) => client === "berth" || has(dockerClient));

describe.skipIf(!isRoot)("images", () => {
  let machine: Machine;
  let daemon: Daemon;
  let second: string;
  beforeAll(async () => {
    machine = await makeMachine();
    daemon = await startDaemon(machine);
    const folder = join(machine.dir, "second");
    mkdirSync(join(folder, "etc"), { recursive: true });
    writeFileSync(join(folder, "etc/added"), "second layer");
    writeFileSync(join(folder, "etc/.wh.group"), "");
    second = join(machine.dir, "second.tar");
    execFileSync("tar", ["-C", folder, "-cf", second, "."]);
  });
  afterAll(async () => {
    await machine?.[Symbol.asyncDispose]();
  });

  it.each(clients)("are pulled, run, tagged and removed by %s", async (client) => {
    const registry = await startRegistry(machine, {
      images: [{ path: "team/app", tag: "v1", layers: [busyboxTar(), second] }],
    });
    const name = `${registry.domain}/team/app:v1`;
    const call: Daemon["berth"] = (args, options) => daemon[client](args, options);
    const pulled = await call(["pull", name]);
    expect(pulled.stderr).toBe("");
    expect(pulled.stdout).toMatch(/^v1: Pulling from team\/app\n/);
    expect(pulled.stdout.match(/: Pull complete$/gm)).toHaveLength(2);
    expect(pulled.stdout).toMatch(
      new RegExp(`Digest: sha256:[0-9a-f]{64}\\nStatus: Downloaded newer image for ${name}\\n${name}\\n$`),
    );
    expect((await call(["pull", name])).stdout).toContain(`Status: Image is up to date for ${name}`);
    const seen = await call([
      "run",
      "--rm",
      "--network",
      "none",
      name,
      "sh",
      "-c",
      "cat /etc/added; echo; ls /etc; echo $FROM_IMAGE",
    ]);
    expect(seen.stdout).toBe("second layer\nadded\nhostname\nhosts\nmtab\npasswd\nresolv.conf\nyes\n");
    expect((await call(["tag", name, "local:x"])).code).toBe(0);
    expect((await call(["images", "--format", "{{.Repository}}:{{.Tag}}", "local"])).stdout).toBe("local:x\n");
    const untagged = await call(["rmi", name]);
    expect(untagged.stdout).toMatch(
      new RegExp(`^Untagged: ${name}\\nUntagged: ${registry.domain}/team/app@sha256:[0-9a-f]{64}\\n$`),
    );
    const removed = await call(["rmi", "local:x"]);
    expect(removed.stdout.match(/^Deleted: sha256:/gm)?.length).toBeGreaterThanOrEqual(2);
    expect((await call(["images", "-q"])).stdout).toBe("");
    const left = await machine.exec("sh", [
      "-c",
      `cd ${daemon.dataRoot} && find layers/*-* layers/*/diff blobs/sha256 -type f; true`,
    ]);
    expect(left.stdout).toBe("");
  });

  it("are pulled from a registry that asks for a token, and credentials go nowhere else", async () => {
    const auth = { kind: "token" as const, username: "me", password: "secret" };
    const registry = await startRegistry(machine, {
      images: [{ path: "private/app", tag: "latest", layers: [second] }],
      options: { auth },
    });
    const name = `${registry.domain}/private/app`;
    const refused = await daemon.berth(["pull", name]);
    expect(refused.code).toBe(1);
    expect(refused.stderr).toMatch(/pull access denied|unauthorized|no basic auth/);
    const login = await daemon.berth(["login", "-u", "me", "--password-stdin", registry.domain], { input: "secret" });
    expect(login.stdout).toContain("Login Succeeded");
    expect((await daemon.berth(["pull", name])).code).toBe(0);
    expect((await daemon.berth(["login", "-u", "me", "-p", "wrong", registry.domain])).code).toBe(1);
    await daemon.berth(["rmi", name]);
  });

  it("resume a broken download by range", async () => {
    const images = [{ path: "app", tag: "a", layers: [busyboxTar()] }];
    const faults = [{ on: "/blobs/", do: "hang-up" as const, after: 300_000, times: 2 }];
    const registry = await startRegistry(machine, { images, faults });
    const pulled = await daemon.berth(["pull", `${registry.domain}/app:a`]);
    expect(pulled).toMatchObject({ code: 0, stderr: "" });
    const ranges = (await registry.requests()).filter(({ range }) => range !== undefined);
    expect(ranges.length).toBeGreaterThan(0);
    await daemon.berth(["rmi", `${registry.domain}/app:a`]);
  });

  it("are refused where a blob lies, and nothing of them stays", async () => {
    const images = [{ path: "app", tag: "a", layers: [second] }];
    const registry = await startRegistry(machine, {
      images,
      lies: "/blobs/",
    });
    const refused = await daemon.berth(["pull", `${registry.domain}/app:a`]);
    expect(refused.code).toBe(1);
    expect(refused.stderr).toMatch(/digest|verif/i);
    expect((await daemon.berth(["images", "-q"])).stdout).toBe("");
    const left = await machine.exec("sh", ["-c", `ls ${daemon.dataRoot}/layers`]);
    expect(left.stdout).toBe("");
  });

  it("leave nothing that counts when the daemon dies during a pull, and the next pull goes on", async () => {
    const registry = await startRegistry(machine, {
      images: [{ path: "big", tag: "1", layers: [busyboxTar(), second] }],
    });
    const name = `${registry.domain}/big:1`;
    for (const wait of [5, 20, 60]) {
      const pulling = daemon.berth(["pull", name]);
      await new Promise((resolve) => setTimeout(resolve, wait));
      await daemon.signal("SIGKILL");
      await pulling;
      await daemon.start();
      const ids = (await daemon.berth(["images", "-q"])).stdout.trim();
      if (ids !== "") expect((await daemon.berth(["run", "--rm", "--network", "none", name, "true"])).code).toBe(0);
    }
    expect((await daemon.berth(["pull", name])).code).toBe(0);
    expect((await daemon.berth(["run", "--rm", "--network", "none", name, "cat", "/etc/added"])).stdout).toBe(
      "second layer",
    );
    await daemon.berth(["rmi", name]);
  });

  it("go through save and load unharmed, plain, gzip and zstd", async () => {
    await daemon.berth(["import", "--change", "ENV A=b", busyboxTar(), "roundtrip:1"]);
    const before = (await daemon.berth(["inspect", "-f", "{{.Id}}", "roundtrip:1"])).stdout;
    const file = join(machine.dir, "saved.tar");
    expect((await daemon.berth(["save", "-o", file, "roundtrip:1"])).code).toBe(0);
    const packers = has("zstd") ? ["cat", "gzip -c", "zstd -qc"] : ["cat", "gzip -c"];
    for (const packer of packers) {
      await daemon.berth(["rmi", "-f", "roundtrip:1"]);
      await machine.exec("sh", ["-c", `${packer} < ${file} > ${file}.packed`]);
      const loaded = await daemon.berth(["load", "-i", `${file}.packed`]);
      expect(loaded.stdout).toBe("Loaded image: roundtrip:1\n");
      expect((await daemon.berth(["inspect", "-f", "{{.Id}}", "roundtrip:1"])).stdout).toBe(before);
      expect(
        (await daemon.berth(["run", "--rm", "--network", "none", "roundtrip:1", "sh", "-c", "echo $A"])).stdout,
      ).toBe("b\n");
    }
    await daemon.berth(["rmi", "roundtrip:1"]);
  });

  it("keep an image that a container uses", async () => {
    await daemon.berth(["import", busyboxTar(), "used"]);
    await daemon.berth(["create", "--network", "none", "--name", "user", "used", "true"]);
    const refused = await daemon.berth(["rmi", "used"]);
    expect(refused.code).toBe(1);
    expect(refused.stderr).toMatch(
      /conflict: unable to remove repository reference "used" \(must force\) - container [0-9a-f]{12} is using its referenced image [0-9a-f]{12}/,
    );
    await daemon.berth(["rm", "user"]);
    expect((await daemon.berth(["rmi", "used"])).code).toBe(0);
  });

  it("do not change under their containers", async () => {
    await daemon.berth(["import", busyboxTar(), "shared"]);
    const layers = join(daemon.dataRoot, "layers");
    const sum = async () => (await machine.exec("sh", ["-c", `cd ${layers} && tar -c . | sha256sum`])).stdout;
    await until(
      "the layer is marked synced",
      async () => (await machine.exec("sh", ["-c", `grep -l '"synced":true' ${layers}/*/layer.json`])).code === 0,
    );
    const before = await sum();
    const script = "rm -rf /etc /var; echo changed > /bin/busybox.new; chmod 700 /tmp; ln /bin/busybox /link";
    for (const _ of [1, 2]) await daemon.berth(["run", "--rm", "--network", "none", "shared", "sh", "-c", script]);
    expect(await sum()).toBe(before);
    expect(readFileSync(busyboxTar()).length).toBeGreaterThan(1_000_000);
    await daemon.berth(["rmi", "shared"]);
  });
});
