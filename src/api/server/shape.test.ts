import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { ContainerCreateBody } from "../../spec/api/index.ts";
import { containerCreate } from "./body-shapes.ts";
import { isUnset, readShape } from "./shape.ts";

const read = (value: unknown) => readShape(containerCreate, value, "CreateRequest") as ContainerCreateBody;

describe("a create body", () => {
  it("is read in the API's own spelling, without nulls", () => {
    const body = read({
      image: "busybox",
      CMD: "true",
      Entrypoint: null,
      Env: ["A=b", null],
      Labels: { a: "b", c: null },
      Volumes: { "/v": {} },
      hostconfig: {
        memory: 5,
        Binds: null,
        PortBindings: { "80/tcp": null, "81/tcp": [{ HostPort: "1" }] },
        Init: false,
      },
      NetworkingConfig: { EndpointsConfig: { none: null, host: { Gateway: "10.0.0.1", Aliases: ["x"] } } },
    });
    expect(JSON.parse(JSON.stringify(body))).toEqual({
      Image: "busybox",
      Cmd: ["true"],
      Env: ["A=b", ""],
      Labels: { a: "b", c: "" },
      Volumes: { "/v": {} },
      HostConfig: { Memory: 5, PortBindings: { "80/tcp": null, "81/tcp": [{ HostPort: "1" }] }, Init: false },
      NetworkingConfig: { EndpointsConfig: { none: {}, host: { Aliases: ["x"] } } },
    });
  });

  it.each<[unknown, string]>([
    [[], "invalid JSON: json: cannot unmarshal array into Go value of type container.CreateRequest"],
    ["x", "cannot unmarshal string into Go value of type container.CreateRequest"],
    [{ Image: 3 }, "cannot unmarshal number into Go struct field CreateRequest.Image of type string"],
    [{ Tty: "yes" }, "Go struct field CreateRequest.Tty of type bool"],
    [{ Env: "A=b" }, "cannot unmarshal string into Go struct field CreateRequest.Env of type []string"],
    [{ Env: [1] }, "cannot unmarshal number into Go struct field CreateRequest.Env of type string"],
    [{ Labels: ["a"] }, "cannot unmarshal array into Go struct field CreateRequest.Labels of type map[string]string"],
    [{ HostConfig: { Memory: "1g" } }, "Go struct field CreateRequest.HostConfig.Memory of type int64"],
    [{ HostConfig: { Memory: 1.5 } }, "cannot unmarshal number 1.5 into"],
    [{ HostConfig: { Memory: 1e300 } }, "of type int64"],
    [{ HostConfig: { BlkioWeight: -1 } }, "of type uint16"],
    [{ HostConfig: { BlkioWeight: 65536 } }, "of type uint16"],
    [
      { HostConfig: { Binds: [{}] } },
      "cannot unmarshal object into Go struct field CreateRequest.HostConfig.Binds of type string",
    ],
    [{ HostConfig: { Mounts: [{ Type: 1 }] } }, "CreateRequest.HostConfig.Mounts.Type of type string"],
    [{ HostConfig: { CpuCount: 2 } }, "HostConfig.CpuCount is not supported: it is for Windows containers only"],
    [{ HostConfig: { KernelMemory: 1 } }, "HostConfig.KernelMemory is not supported"],
    [{ HostConfig: { DeviceRequests: [{ Count: -1 }] } }, "HostConfig.DeviceRequests is not supported"],
    [{ HostConfig: { Frobnicate: true } }, "HostConfig.Frobnicate is not a field of this API: remove it"],
    [{ Memory: 5 }, "Memory is not a field of this API"],
    [{ HostConfig: { Mounts: [{ ClusterOptions: { a: 1 } }] } }, "HostConfig.Mounts.ClusterOptions is not supported"],
  ])("%j is refused by name", (value, message) => {
    expect(() => read(value)).toThrow(message);
  });

  it("may print fields that are not honoured as long as they ask for nothing", () => {
    const zero = {
      CpuCount: 0,
      CpuPercent: 0,
      IOMaximumIOps: 0,
      KernelMemory: 0,
      DeviceRequests: null,
      Old: "",
      Older: {},
    };
    expect(read({ Image: "x", HostConfig: zero, Runtime: null, ArgsEscaped: false })).toEqual({
      Image: "x",
      HostConfig: {},
    });
    expect(() => read({ name: "from dockerode", platform: "linux" })).not.toThrow();
  });

  it("keeps labels that are called as JavaScript's own things are", () => {
    const labels = JSON.parse('{"__proto__":"a","constructor":"b","toString":"c"}') as Record<string, string>;
    expect(Object.entries(read({ Labels: labels }).Labels ?? {})).toEqual(Object.entries(labels));
    expect(() => read(JSON.parse('{"__proto__":{"x":1}}'))).toThrow("__proto__ is not a field");
  });

  it("reads the limits that clients print for none", () => {
    const body = read({ HostConfig: { MemorySwap: -1, Memory: 2 ** 63, PidsLimit: -1 } });
    expect(body.HostConfig).toEqual({ MemorySwap: -1, Memory: 2 ** 63, PidsLimit: -1 });
  });

  it("whatever JSON comes, gives a body or a clear error", () => {
    const names = [
      "Image",
      "HostConfig",
      "Env",
      "Labels",
      "Mounts",
      "PortBindings",
      "Memory",
      "__proto__",
      "NetworkingConfig",
    ];
    const value = fc.letrec((tie) => ({
      any: fc.oneof(
        { depthSize: "small" },
        fc.jsonValue(),
        fc.dictionary(fc.constantFrom(...names), tie("any")),
        fc.array(tie("any"), { maxLength: 3 }),
      ),
    })).any;
    fc.assert(
      fc.property(value, (json) => {
        try {
          read(json);
        } catch (error) {
          expect((error as Error).name).toBe("BerthError");
          expect((error as { kind?: string }).kind).toBe("invalid");
        }
      }),
    );
  });
});

it("isUnset tells zero values from set ones, however deep", () => {
  expect([null, undefined, "", 0, false, [], {}, [""], { a: { b: [0] } }].every((value) => isUnset(value))).toBe(true);
  expect(["x", 1, -1, true, [1], { a: { b: "x" } }].some((value) => isUnset(value))).toBe(false);
  const deep: unknown = JSON.parse(`${"[".repeat(100_000)}${"]".repeat(100_000)}`);
  expect(isUnset(deep)).toBe(false);
});
