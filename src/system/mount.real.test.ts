import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { workerUrl } from "../lib/index.ts";

const root = process.getuid?.() === 0;
let dir: string;
let module: string;

/** Runs a script in a mount namespace of its own: nothing stays mounted, whatever happens. It prints JSON. */
function inNamespace(script: string): unknown {
  const code = `
    import * as sys from ${JSON.stringify(module)};
    import * as fs from "node:fs";
    const dir = ${JSON.stringify(dir)};
    const made = (name) => (fs.mkdirSync(dir + "/" + name, { recursive: true }), dir + "/" + name);
    ${script}`;
  const args = ["-m", "--propagation", "private", process.execPath, "--input-type=module", "-e", code];
  return JSON.parse(execFileSync("unshare", args, { encoding: "utf8", cwd: "/" }));
}

describe.skipIf(!root)("in a mount namespace", () => {
  beforeAll(() => {
    dir = mkdtempSync("/dev/shm/berth-mount-");
    module = workerUrl("system-test", new URL("./index.ts", import.meta.url)).href;
  });
  afterAll(() => rmSync(dir, { recursive: true, force: true }));

  test("an overlay of many layers shows the top one, writes to the upper and leaves the working directory", () => {
    const found = inNamespace(`
      const lowers = [];
      for (let i = 0; i < 120; i++) {
        const lower = made("layers/" + String(i).padStart(16, "0") + "/diff");
        fs.writeFileSync(lower + "/from", String(i));
        fs.writeFileSync(lower + "/only" + i, "");
        lowers.unshift(lower);
      }
      const target = made("merged");
      const before = process.cwd();
      const descriptors = fs.readdirSync("/proc/self/fd").length;
      sys.mountOverlay({ target, lowers, upper: made("u"), work: made("w"), base: dir + "/layers" });
      fs.writeFileSync(target + "/new", "x");
      const mounted = sys.readMounts().filter((m) => m.mountPoint === target);
      console.log(JSON.stringify({
        from: fs.readFileSync(target + "/from", "utf8"), count: fs.readdirSync(target).length, upper: fs.readdirSync(dir + "/u"),
        type: mounted.map((m) => m.type), same: process.cwd() === before, leaked: fs.readdirSync("/proc/self/fd").length - descriptors,
      }));
      sys.unmount(target);
    `);
    expect(found).toEqual({ from: "119", count: 122, upper: ["new"], type: ["overlay"], same: true, leaked: 0 });
  });

  test("names with colons, commas and backslashes, and a read-only overlay", () => {
    const found = inNamespace(String.raw`
      const lower = made("odd/a:b,c\\d"), other = made("odd/e"), upper = made("odd/u,p:p\\er"), work = made("odd/w,o");
      fs.writeFileSync(lower + "/f", "odd");
      const target = made("odd/merged"), plain = made("odd/plain");
      sys.mountOverlay({ target, lowers: [lower], upper, work, base: dir + "/odd" });
      fs.writeFileSync(target + "/g", "");
      sys.mountOverlay({ target: plain, lowers: [lower, other], base: dir });
      let readOnly = "";
      try { fs.writeFileSync(plain + "/x", ""); } catch (error) { readOnly = error.code; }
      console.log(JSON.stringify([fs.readFileSync(target + "/f", "utf8"), fs.readdirSync(upper), readOnly]));
    `);
    expect(found).toEqual(["odd", ["g"], "EROFS"]);
  });

  test("failures name the call, the path and the code, and leave the working directory", () => {
    const found = inNamespace(`
      const tell = (f) => { try { f(); return "none"; } catch (error) { return [error.code, error.syscall, error.path]; } };
      const target = made("t");
      const result = [
        tell(() => sys.mount("none", dir + "/gone", "tmpfs", 0)),
        tell(() => sys.unmount(target)),
        tell(() => sys.mountOverlay({ target, lowers: [dir + "/gone", dir], base: dir })),
        tell(() => sys.mountOverlay({ target, lowers: [dir], base: dir + "/gone" })),
      ];
      console.log(JSON.stringify([...result, process.cwd()]));
    `);
    expect(found).toEqual([
      ["ENOENT", "mount", `${dir}/gone`],
      ["EINVAL", "umount2", `${dir}/t`],
      ["ENOENT", "mount", `${dir}/t`],
      ["ENOENT", "chdir", `${dir}/gone`],
      "/",
    ]);
  });

  test("a private folder is a mount point of its own, made once", () => {
    const found = inNamespace(`
      const place = made("private");
      sys.makePrivate(place);
      sys.makePrivate(place);
      const mounts = sys.readMounts().filter((m) => m.mountPoint === place);
      sys.mount("tmpfs", place, "tmpfs", sys.MS.NOSUID | sys.MS.NODEV, "size=64k,mode=0700");
      const top = sys.readMounts().filter((m) => m.mountPoint === place).at(-1);
      sys.unmount(place, sys.MNT.DETACH);
      console.log(JSON.stringify([mounts.length, mounts[0].optional, top.type, top.options.includes("nosuid")]));
    `);
    expect(found).toEqual([1, [], "tmpfs", true]);
  });
});
