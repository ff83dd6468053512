import { expect, test } from "vitest";
import { detectCgroups } from "./cgroup/index.ts";
import { deviceNumbers, deviceOf, hostDevices } from "./devices.ts";
import { parseOsRelease, readHostInfo } from "./kernel-info.ts";
import { CAPABILITIES, capabilitiesOf, parseKernelRelease, readMachine } from "./machine.ts";

test("capabilities by their bits", () => {
  expect(CAPABILITIES).toHaveLength(41);
  expect(capabilitiesOf("0000000000000001")).toEqual(["CAP_CHOWN"]);
  expect(capabilitiesOf("000001ffffffffff")).toEqual(CAPABILITIES);
  expect(capabilitiesOf("00000000a80425fb")).toHaveLength(14);
  expect(capabilitiesOf("0000000000200000")).toEqual(["CAP_SYS_ADMIN"]);
  expect(capabilitiesOf("0000010000000000")).toEqual(["CAP_CHECKPOINT_RESTORE"]);
});

test.each([
  ["6.18.44-generic", 6, 18],
  ["5.4", 5, 4],
  ["odd", 0, 0],
])("kernel %s", (text, major, minor) => expect(parseKernelRelease(text)).toEqual({ major, minor }));

test("this machine", () => {
  const machine = readMachine(detectCgroups());
  expect(machine.cpus).toBeGreaterThan(0);
  expect(machine.kernel.major).toBeGreaterThan(3);
  expect(machine.hasSysctl("kernel.hostname")).toBe(true);
  expect(machine.hasSysctl("kernel.no_such_name")).toBe(false);
  expect(machine.hasSysctl("../../etc/passwd")).toBe(false);
  expect(readHostInfo().memory).toBeGreaterThan(1e6);
});

test("os-release with quotes, escapes and rubbish", () => {
  const text = `NAME="Debian GNU/Linux"\n# comment\nPRETTY_NAME='It is \\"so\\"'\nVERSION_ID=12\nbroken line\nlower=1\n`;
  expect(parseOsRelease(text)).toEqual({ NAME: "Debian GNU/Linux", PRETTY_NAME: 'It is "so"', VERSION_ID: "12" });
});

test("device numbers beyond eight bits", () => {
  expect(deviceNumbers(0x0103)).toEqual({ major: 1, minor: 3 });
  expect(deviceNumbers(0x11112c70)).toEqual({ major: 300, minor: 70000 });
  expect(deviceOf("/dev/null")).toMatchObject({ type: "c", major: 1, minor: 3, mode: 0o666 });
  expect(deviceOf("/etc/passwd")).toBeUndefined();
  expect(hostDevices().map((node) => node.path)).toContain("/dev/null");
});
