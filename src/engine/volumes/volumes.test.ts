import { mkdtempSync, rmSync } from "node:fs";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createKeyedQueue } from "../../lib/index.ts";
import { openVolumeStore } from "../../store/volumes/index.ts";
import { createClock, createEventBus } from "../events/index.ts";
import { createVolumes } from "./create-volumes.ts";
import { parseLocalOptions } from "./local-options.ts";
import { fakeCopies } from "./testing/fake-copies.ts";

let root = "";
const users = new Map<string, string[]>();
const mounts: string[] = [];
beforeEach(() => {
  root = mkdtempSync("/dev/shm/berth-volumes-");
  users.clear();
  mounts.length = 0;
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

async function setUp() {
  const clock = createClock();
  const bus = createEventBus(clock);
  const made = createVolumes({
    ...fakeCopies(),
    store: await openVolumeStore(root, () => {}),
    emit: bus.emit,
    clock,
    usersOf: (name) => users.get(name) ?? [],
    removeTree: async (path) => rmSync(path, { recursive: true, force: true }),
    sizeOf: async () => 7,
    queue: createKeyedQueue(),
    background: (_, work) => void work(),
    mounts: {
      mount: ({ type, device }, target) => void mounts.push(`mount ${type} ${device} ${target.replace(root, "")}`),
      unmount: (target) => void mounts.push(`unmount ${target.replace(root, "")}`),
      isMounted: () => false,
    },
  });
  return { ...made, events: () => bus.past().map(({ Action, Actor }) => `${Action} ${Actor.ID}`) };
}

const filters = (entries: Record<string, string[]> = {}) => new Map(Object.entries(entries));

test("volumes outlive the engine, keep what they were made with and are listed by name", async () => {
  const { service, events } = await setUp();
  await service.create({ Name: "bb", Labels: { a: "b" } });
  await service.create({ Name: "aa" });
  expect(await service.create({ Name: "bb", Labels: { other: "x" } })).toMatchObject({
    Name: "bb",
    Labels: { a: "b" },
  });
  expect(events()).toEqual(["create bb", "create aa"]);
  const again = await setUp();
  const { Volumes } = await again.service.list(filters());
  expect(Volumes.map(({ Name }) => Name)).toEqual(["aa", "bb"]);
  expect(await again.service.inspect("bb")).toEqual({
    CreatedAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/),
    Driver: "local",
    Labels: { a: "b" },
    Mountpoint: `${root}/volumes/bb/_data`,
    Name: "bb",
    Options: null,
    Scope: "local",
  });
});

test.each<[object, string, string]>([
  [
    { Name: "a/b" },
    "invalid",
    'create a/b: "a/b" includes invalid characters for a local volume name, only "[a-zA-Z0-9][a-zA-Z0-9_.-]" are allowed. If you intended to pass a host directory, use absolute path',
  ],
  [{ Name: ".." }, "invalid", "includes invalid characters"],
  [{ Name: "x".repeat(300) }, "invalid", "longer than"],
  [{ Name: "ab", Driver: "foo" }, "not-found", 'create ab: error looking up volume plugin foo: plugin "foo" not found'],
  [{ Name: "ab", DriverOpts: { foo: "x" } }, "invalid", 'create ab: invalid option: "foo"'],
  [{ Name: "ab", DriverOpts: { type: "tmpfs" } }, "invalid", 'create ab: missing required option: "device"'],
])("%j is refused as %s", async (body, kind, text) => {
  const { service } = await setUp();
  await expect(service.create(body)).rejects.toMatchObject({ kind, message: expect.stringContaining(text) });
});

test("a volume in use stays; a missing one is an error unless forced", async () => {
  const { service, use, events } = await setUp();
  await service.create({ Name: "vol" });
  users.set("vol", ["c1", "c2"]);
  await expect(service.remove("vol", { force: true })).rejects.toThrow("remove vol: volume is in use - [c1, c2]");
  await use.discard("vol");
  expect((await service.inspect("vol")).Name).toBe("vol");
  users.clear();
  await service.remove("vol", { force: false });
  expect(events().at(-1)).toBe("destroy vol");
  await expect(service.inspect("vol")).rejects.toThrow("get vol: no such volume");
  await expect(service.remove("vol", { force: false })).rejects.toThrow("get vol: no such volume");
  await service.remove("vol", { force: true });
});

test("prune takes anonymous volumes only, all with all=true, and respects labels and users", async () => {
  const { service } = await setUp();
  const { Name: anonymous } = await service.create({});
  for (const name of ["named", "used", "kept"]) await service.create({ Name: name, Labels: { [name]: "" } });
  users.set("used", ["c"]);
  expect(await service.prune(filters())).toEqual({ VolumesDeleted: [anonymous], SpaceReclaimed: 7 });
  const { VolumesDeleted: deleted } = await service.prune(filters({ all: ["true"], "label!": ["kept"] }));
  expect(deleted).toEqual(["named"]);
  await expect(service.prune(filters({ all: ["x"] }))).rejects.toThrow("invalid filter 'all=[x]'");
});

test("filters", async () => {
  const { service } = await setUp();
  await service.create({ Name: "web", Labels: { a: "b" } });
  await service.create({ Name: "db" });
  users.set("db", ["c"]);
  const names = async (entries: Record<string, string[]>) =>
    (await service.list(filters(entries))).Volumes.map(({ Name }) => Name);
  expect(await names({ name: ["we"] })).toEqual(["web"]);
  expect(await names({ label: ["a=b"] })).toEqual(["web"]);
  expect(await names({ dangling: ["true"] })).toEqual(["web"]);
  expect(await names({ dangling: ["false"] })).toEqual(["db"]);
  expect(await names({ driver: ["nfs"] })).toEqual([]);
});

test("a volume with a device is mounted for the first container and unmounted after the last", async () => {
  const { service, use } = await setUp();
  await service.create({ Name: "tmp", DriverOpts: { type: "tmpfs", device: "tmpfs", o: "size=1m,nosuid" } });
  await use.mount("tmp", "c1");
  await use.mount("tmp", "c2");
  await use.unmount("tmp", "c1");
  expect(mounts).toEqual(["mount tmpfs tmpfs /volumes/tmp/_data"]);
  await use.unmount("tmp", "c2");
  expect(mounts.at(-1)).toBe("unmount /volumes/tmp/_data");
  expect(parseLocalOptions("x", { type: "tmpfs", device: "tmpfs", o: "size=1m,nosuid,ro" })).toMatchObject({
    flags: 3,
    data: "size=1m",
  });
});

test("two who want the same new volume get one", async () => {
  const { use, events } = await setUp();
  const wish = { name: "vol", labels: null, options: null, anonymous: false, durable: false };
  expect((await Promise.all([use.ensure(wish), use.ensure(wish)])).sort()).toEqual([false, true]);
  expect(events()).toEqual(["create vol"]);
});
