import { constants } from "node:os";
import { expect, test } from "vitest";
import { signalName, signalNumber } from "./signals.ts";

test.each([
  ["SIGTERM", 15],
  ["term", 15],
  ["TERM", 15],
  ["sigkill", 9],
  ["15", 15],
  ["64", 64],
  ["RTMIN", 34],
  ["SIGRTMIN+3", 37],
  ["RTMAX-14", 50],
  ["rtmax", 64],
])("%s", (text, number) => expect(signalNumber(text)).toBe(number));

test.each(["", "0", "-1", "65", "99999999999", "SIG", "SIGSIGTERM", "NOPE", "RTMIN+16", "1.5", "TERM "])(
  "%j is refused",
  (text) => {
    expect(() => signalNumber(text)).toThrow(`invalid signal: ${text}`);
  },
);

test("every name is the system's own", () => {
  for (const [name, number] of Object.entries(constants.signals)) {
    expect(signalNumber(name), name).toBe(number);
    expect(signalNumber(signalName(number) ?? ""), name).toBe(number);
  }
});
