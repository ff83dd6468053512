import { describe, expect, test } from "vitest";
import { runtimeMessage } from "./runtime-message.ts";
import { translateFailure } from "./translate.ts";

const preamble = "failed to create task for container: failed to create shim task: OCI runtime create failed: ";
const start = "runc create failed: unable to start container process: ";

describe("what crun and runc say becomes what Docker 26.1 says", () => {
  const cases: [said: string, command: string, exitCode: number | undefined, text: string][] = [
    [
      "executable file `nope` not found in $PATH: No such file or directory",
      "nope",
      127,
      `${start}exec: "nope": executable file not found in $PATH: unknown`,
    ],
    [
      "executable file `/nope` not found in $PATH: No such file or directory",
      "/nope",
      127,
      `${start}exec: "/nope": stat /nope: no such file or directory: unknown`,
    ],
    [
      "open executable: Operation not permitted",
      "/etc",
      126,
      `${start}exec: "/etc": is a directory: unknown: permission denied`,
    ],
    [
      "open executable: Operation not permitted",
      "",
      127,
      `${start}exec: "": executable file not found in $PATH: unknown`,
    ],
    ["open executable: Permission denied", "etc/passwd", 126, `${start}exec: "etc/passwd": permission denied: unknown`],
    [
      "crun: chdir `/bin/busybox`: Not a directory",
      "true",
      126,
      `${start}chdir to cwd ("/bin/busybox") set in config.json failed: not a directory: unknown: Are you trying to mount a directory onto a file (or vice-versa)? Check if the specified host path exists and is the expected type`,
    ],
    [
      "mount `/etc/passwd` to `x`: Not a directory",
      "true",
      126,
      `${start}error during container init: error mounting "/etc/passwd" to rootfs at "/x": mount /etc/passwd:/x: not a directory: unknown: Are you trying to mount a directory onto a file (or vice-versa)? Check if the specified host path exists and is the expected type`,
    ],
    [
      `time="2026-11-20T22:48:17Z" level=error msg="runc create failed: unable to start container process: exec: \\"nope\\": executable file not found in $PATH"`,
      "nope",
      127,
      `${start}exec: "nope": executable file not found in $PATH: unknown`,
    ],
    [
      "the sysctl `kernel.nope` is not namespaced",
      "true",
      undefined,
      "crun create failed: the sysctl `kernel.nope` is not namespaced: unknown",
    ],
    ["", "true", undefined, "crun create failed: the runtime said nothing: unknown"],
  ];
  test.each(cases)("%s (%s)", (said, command, exitCode, text) => {
    const error = translateFailure({ verb: "create", runtime: "crun", command }, said);
    expect(error.message).toBe(preamble + text);
    expect(error.exitCode).toBe(exitCode);
    expect(error.kind).toBe(exitCode === undefined ? "internal" : "invalid");
  });

  test("exec has a preamble of its own", () => {
    const said = "executable file `nope` not found in $PATH: No such file or directory";
    expect(translateFailure({ verb: "exec", runtime: "crun", command: "nope" }, said).message).toBe(
      'OCI runtime exec failed: exec failed: unable to start container process: exec: "nope": executable file not found in $PATH: unknown',
    );
  });
});

test("the last error of a log counts, warnings do not; text that is no log is taken whole", () => {
  expect(
    runtimeMessage(
      '{"msg":"careful","level":"warning"}\n{"msg":"broken","level":"error"}\n{"msg":"bye","level":"warning"}\n',
    ),
  ).toBe("broken");
  expect(runtimeMessage('time="x" level=warning msg=careful\ntime="x" level=error msg="a\\nb"\n')).toBe("a\nb");
  expect(runtimeMessage("first\nsecond\n")).toBe("first; second");
  expect(runtimeMessage("{not json\n")).toBe("{not json");
  expect(runtimeMessage("x".repeat(100_000)).length).toBeLessThan(9000);
});
