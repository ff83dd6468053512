import { expect, test } from "vitest";
import type { ContainerConfig, ContainerCreateBody } from "../../../spec/api/index.ts";
import type { ContainerRecord } from "../../../store/records/index.ts";
import { recreateBody } from "./recreate-body.ts";

const image: ContainerConfig = {
  Env: ["PATH=/bin", "IMAGE=1"],
  Labels: { from: "image" },
  Cmd: ["serve"],
  Entrypoint: ["/entry"],
  User: "www",
  Volumes: { "/data": {} },
};
const record = {
  id: "a".repeat(64),
  imageRef: "app:1",
  config: {
    ...image,
    Hostname: "a".repeat(12),
    Env: ["MINE=1", ...(image.Env ?? [])],
    Labels: { from: "image", mine: "x" },
    Volumes: { "/data": {}, "/own": {} },
  },
  hostConfig: {
    Memory: 100,
    MemorySwap: 200,
    NanoCpus: 5,
    Binds: ["vol:/vol", "/host:/host:ro"],
    Mounts: [{ Type: "tmpfs", Target: "/tmp/" }],
    PortBindings: { "80/tcp": [{ HostPort: "80" }] },
    ContainerIDFile: "/cid",
    NetworkMode: "net",
  },
  networkingConfig: { EndpointsConfig: { net: { Aliases: ["x"] } } },
} as unknown as ContainerRecord;
const body = (change: ContainerCreateBody) => recreateBody(record, image, change);

test("what is the image's is left to the image, and what is the user's stays", () => {
  const { HostConfig: host, ...config } = body({});
  expect(config).toMatchObject({
    Image: "app:1",
    Env: ["MINE=1"],
    Labels: { mine: "x" },
    Volumes: { "/own": {} },
    NetworkingConfig: record.networkingConfig,
  });
  for (const key of ["Hostname", "User", "Cmd", "Entrypoint"]) expect(config).not.toHaveProperty(key);
  expect(host).toMatchObject({ Memory: 100, MemorySwap: 200, NetworkMode: "net" });
  expect(host).not.toHaveProperty("ContainerIDFile");
});

test.each<[string, ContainerCreateBody, object]>([
  ["variables by name", { Env: ["MINE=2", "NEW="] }, { Env: ["MINE=2", "NEW="] }],
  ["labels by name", { Labels: { mine: "y", z: "1" } }, { Labels: { mine: "y", z: "1" } }],
  ["the image", { Image: "app:2" }, { Image: "app:2" }],
  ["a command", { Cmd: ["other"] }, { Cmd: ["other"] }],
  [
    "ports by port",
    { HostConfig: { PortBindings: { "81/tcp": [] } } },
    { HostConfig: { PortBindings: { "80/tcp": [{ HostPort: "80" }], "81/tcp": [] } } },
  ],
  [
    "a mount in place of another",
    { HostConfig: { Binds: ["new:/vol"] } },
    { HostConfig: { Binds: ["/host:/host:ro", "new:/vol"] } },
  ],
  [
    "a mount with a slash at its end",
    { HostConfig: { Mounts: [{ Type: "bind", Target: "/tmp" }] } },
    { HostConfig: { Mounts: [{ Type: "bind", Target: "/tmp" }] } },
  ],
  ["a network", { HostConfig: { NetworkMode: "two" } }, { HostConfig: { NetworkMode: "two" }, NetworkingConfig: {} }],
])("changes %s", (_, change, expected) => {
  expect(body(change)).toMatchObject(expected);
});

test("limits that exclude each other do not meet", () => {
  expect(body({ HostConfig: { Memory: 300 } }).HostConfig).not.toHaveProperty("MemorySwap");
  expect(body({ HostConfig: { CpuQuota: 3 } }).HostConfig).not.toHaveProperty("NanoCpus");
});
