import fc from "fast-check";
import { expect, test } from "vitest";
import { detachScanner, parseDetachKeys } from "./detach-keys.ts";

test("sequences in docker's spelling", () => {
  expect(parseDetachKeys("ctrl-p,ctrl-q")).toEqual([16, 17]);
  expect(parseDetachKeys("ctrl-@,ctrl-[,ctrl-_,a,~")).toEqual([0, 27, 31, 97, 126]);
  for (const bad of ["", "foo", "ctrl-", "ctrl-1", "a,,b", "ü"])
    expect(() => parseDetachKeys(bad)).toThrow("Unknown character");
});

test("bytes pass unchanged until the sequence, however they are cut", () => {
  const byte = fc.constantFrom(16, 17, 97, 98);
  fc.assert(
    fc.property(fc.array(fc.array(byte, { maxLength: 5 }), { maxLength: 8 }), (chunks) => {
      const keys = [16, 17];
      const scan = detachScanner(keys);
      const passed: number[] = [];
      let detached = false;
      for (const chunk of chunks) {
        if (detached) break;
        const result = scan(Buffer.from(chunk));
        passed.push(...result.pass);
        detached = result.detached;
      }
      const all = chunks.flat();
      const at = all.findIndex((value, index) => value === 16 && all[index + 1] === 17);
      expect(detached).toBe(at >= 0);
      // A begun sequence at the very end is held back until it is known.
      const expected = at >= 0 ? all.slice(0, at) : all.at(-1) === 16 ? all.slice(0, -1) : all;
      expect(passed).toEqual(expected);
    }),
  );
});
