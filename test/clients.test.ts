import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import Docker from "dockerode";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { importBusybox } from "./harness/busybox.ts";
import { type Daemon, startDaemon } from "./harness/daemon.ts";
import { isRoot, type Machine, makeMachine } from "./harness/machine.ts";

const python = process.env.BERTH_TEST_PYTHONPATH ?? "";
const hasPythonDocker =
  spawnSync("/usr/bin/python3", ["-c", "import docker"], { env: { PYTHONPATH: python } }).status === 0;

describe.skipIf(!isRoot)("other people's clients", () => {
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

  it("dockerode lives a container's life", async () => {
    const docker = new Docker({ socketPath: daemon.socket });
    const seen: string[] = [];
    const events = (await docker.getEvents({ filters: { type: ["container"] } })) as NodeJS.ReadableStream & {
      destroy(): void;
    };
    events.on("data", (line: Buffer) => seen.push(JSON.parse(line.toString().split("\n")[0] ?? "{}").Action));

    const output = new PassThrough();
    let text = "";
    output.on("data", (data) => {
      text += data;
    });
    const [result] = await docker.run("busybox", ["sh", "-c", "echo from dockerode; exit 4"], output, {
      HostConfig: { NetworkMode: "none" },
    });
    expect(result.StatusCode).toBe(4);
    expect(text).toContain("from dockerode");

    const container = await docker.createContainer({
      Image: "busybox",
      name: "rode",
      Cmd: ["cat"],
      OpenStdin: true,
      StdinOnce: true,
      HostConfig: { NetworkMode: "none" },
    });
    const stream = await container.attach({ stream: true, stdin: true, stdout: true, stderr: true, hijack: true });
    const back: Buffer[] = [];
    container.modem.demuxStream(stream, { write: (data: Buffer) => back.push(data) } as never, process.stderr);
    await container.start();
    stream.write("ping");
    stream.end();
    expect((await container.wait()).StatusCode).toBe(0);
    expect(Buffer.concat(back).toString()).toBe("ping");
    expect((await container.inspect()).State.Status).toBe("exited");
    expect((await docker.listContainers({ all: true })).some((each) => each.Names.includes("/rode"))).toBe(true);
    await container.remove();
    await expect(container.inspect()).rejects.toMatchObject({ statusCode: 404, reason: "no such container" });
    events.destroy();
    expect(seen).toEqual(expect.arrayContaining(["create", "start", "die", "destroy"]));
  });

  it("dockerode runs exec with a stream", async () => {
    const docker = new Docker({ socketPath: daemon.socket });
    const container = await docker.createContainer({
      Image: "busybox",
      Cmd: ["sleep", "600"],
      HostConfig: { NetworkMode: "none" },
    });
    await container.start();
    const exec = await container.exec({
      Cmd: ["sh", "-c", "cat; exit 3"],
      AttachStdin: true,
      AttachStdout: true,
      AttachStderr: true,
    });
    const stream = await exec.start({ hijack: true, stdin: true });
    const back: Buffer[] = [];
    const ended = new Promise((resolve) => stream.on("end", resolve));
    docker.modem.demuxStream(stream, { write: (data: Buffer) => back.push(data) } as never, process.stderr);
    stream.end("through exec");
    await ended;
    expect(Buffer.concat(back).toString()).toBe("through exec");
    expect((await exec.inspect()).ExitCode).toBe(3);
    await container.remove({ force: true });
  });

  it.skipIf(!hasPythonDocker)("python3-docker lives a container's life", async () => {
    const script = `
import docker
client = docker.DockerClient(base_url="${daemon.host}")
assert client.ping()
out = client.containers.run("busybox", ["sh", "-c", "echo from python"], remove=True, network_mode="none")
assert out == b"from python\\n", out
try:
    client.containers.run("busybox", ["sh", "-c", "exit 6"], remove=True, network_mode="none")
    raise SystemExit("no error")
except docker.errors.ContainerError as error:
    assert error.exit_status == 6
c = client.containers.create("busybox", ["sleep", "600"], name="py", network_mode="none", mem_limit="64m")
c.start()
c.reload()
assert c.status == "running"
code, output = c.exec_run(["sh", "-c", "echo in exec; exit 2"])
assert (code, output) == (2, b"in exec\\n"), (code, output)
assert [each.name for each in client.containers.list()] == ["py"]
c.stop(timeout=0)
assert c.wait()["StatusCode"] == 137
assert c.logs() == b""
c.remove()
try:
    client.containers.get("py")
    raise SystemExit("still there")
except docker.errors.NotFound:
    pass
volume = client.volumes.create("pyvol", labels={"a": "b"})
assert client.volumes.get("pyvol").attrs["Labels"] == {"a": "b"}
volume.remove()
image = client.images.get("busybox")
image.tag("again", "v1")
client.images.remove("again:v1")
print("all of it")
`;
    const file = join(machine.dir, "life.py");
    writeFileSync(file, script);
    const done = await machine.exec("/usr/bin/python3", [file], { env: { PYTHONPATH: python } });
    expect(done.stderr).toBe("");
    expect(done.stdout).toBe("all of it\n");
  });
});
