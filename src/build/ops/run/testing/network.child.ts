import { strict as assert } from "node:assert";
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { createHostResolver } from "../../../../network/dns/index.ts";
import { DEFAULT_SETTINGS, openNetworking } from "../../../../network/index.ts";
import { listLinks, withNetlink } from "../../../../system/netlink/index.ts";
import { createStepNetwork } from "../step-network.ts";
import { openWorkbench } from "./workbench.ts";

// Steps on the engine's default bridge, in a network namespace of their own. Run by steps.test.ts.
const [, program = "", base = "", role] = process.argv;
if (role === undefined) {
  const { stdout, stderr, status } = spawnSync("unshare", ["-n", process.execPath, program, base, "inside"]);
  process.stderr.write(stderr);
  process.stdout.write(stdout);
  process.exit(status ?? 1);
}
setTimeout(() => {
  console.error("it hangs");
  process.exit(1);
}, 25_000);
const networking = await openNetworking({
  dataRoot: join(base, "network"),
  execRoot: base,
  settings: { ...DEFAULT_SETTINGS, firewall: false },
  now: () => new Date(0).toISOString(),
  warn: (message) => assert.fail(message),
});
const background: Promise<unknown>[] = [];
const network = createStepNetwork({
  networking,
  resolver: createHostResolver(),
  dns: { servers: ["192.0.2.53"], search: [], options: [] },
  background: (_, work) => void background.push(work()),
});
const bench = await openWorkbench(base, network);
const { rootfs } = bench.root();
const gateway = networking.find("bridge").subnets[0]?.Gateway ?? "";
const { out } = await bench.run(rootfs, "ip -o -4 addr show eth0; ip route; cat /etc/resolv.conf", {
  network: "default",
});
assert.match(out, / inet 172\.17\.0\.2\//);
assert.match(out, new RegExp(`default via ${gateway} dev eth0`));
assert.match(out, /nameserver 192\.0\.2\.53/);
// The first address that is free again is given again: nothing is used up.
assert.equal(
  (await bench.run(rootfs, "ip -o -4 addr show eth0", { network: "default" })).out.includes("172.17.0."),
  true,
);
const none = await bench.run(rootfs, "ls /sys/class/net", { network: "none" });
assert.equal(none.out, "lo\n");
const host = await bench.run(rootfs, "ls /sys/class/net", { network: "host" });
assert.match(host.out, /berth0/);
const links = () => withNetlink(listLinks).filter(({ name }) => name.startsWith("veth"));
const started = performance.now();
const turns = 20;
for (let turn = 0; turn < turns; turn++) await bench.run(rootfs, "true", { network: "default" });
if (process.env.BERTH_SAY) console.error(`${((performance.now() - started) / turns).toFixed(1)} ms for a step`);
const deadline = Date.now() + 10_000;
while (links().length > 0 && Date.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 5));
assert.deepEqual(links(), []);
assert.deepEqual(bench.remains(), []);
assert.deepEqual(bench.warnings, []);
await bench.close();
networking.close();
console.log("all true");
process.exit(0);
