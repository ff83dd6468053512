import { spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { parseChmod } from "./file-mode.ts";

test.each(["755", "0755", "0", "7777", "4755"])("octal %s", (text) => {
  expect(parseChmod(text)(0o640, false)).toBe(Number.parseInt(text, 8));
});

test.each(["", "8", "77777", "u=q", "x", "u", "=", "a=rwx,"])("%o is refused", (text) => {
  if (text === "=") expect(parseChmod(text)(0o777, false)).toBe(0);
  else expect(() => parseChmod(text)).toThrow(/invalid chmod parameter/);
});

test("symbols mean what they mean to chmod(1)", () => {
  const folder = mkdtempSync("/dev/shm/berth-mode-");
  try {
    const paths = { file: join(folder, "f"), directory: join(folder, "d") };
    writeFileSync(paths.file, "");
    mkdirSync(paths.directory);
    const symbols = ["u=rwX,go=rX", "a+x", "go-w", "u+s", "g=u", "o=", "+t", "a=rwx,o-w", "ug+rw,o-rwx", "u-x+w"];
    for (const mode of [0o640, 0o755, 0o600, 0o777])
      for (const symbol of symbols)
        for (const path of Object.values(paths)) {
          chmodSync(path, mode);
          spawnSync("chmod", ["--", symbol, path], { env: { PATH: process.env.PATH } });
          const wanted = statSync(path).mode & 0o7777;
          expect([symbol, mode.toString(8), parseChmod(symbol)(mode, path === paths.directory).toString(8)]).toEqual([
            symbol,
            mode.toString(8),
            wanted.toString(8),
          ]);
        }
  } finally {
    rmSync(folder, { recursive: true });
  }
});
