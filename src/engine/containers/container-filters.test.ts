import { expect, test } from "vitest";
import { CREATED } from "../../store/records/index.ts";
import { type Container, createContainer } from "./container.ts";
import { compareTimes, containerFilter, type FilterFacts } from "./container-filters.ts";

function container(
  id: string,
  name: string,
  more: Partial<Container["record"]> = {},
  state: Partial<Container["state"]> = {},
) {
  const record = {
    id,
    name,
    config: { Labels: { a: "b" }, ExposedPorts: { "80/tcp": {} } },
    mounts: [],
    imageId: "img",
    created: "2026-01-01T00:00:01Z",
    ...more,
  };
  const made = createContainer(record as unknown as Container["record"], { ...CREATED, ...state });
  made.phase = "kept";
  return made;
}

const web = container("abc", "web", { mounts: [{ volume: "vol", source: "", destination: "/data" }] as never });
const db = container("def", "db", { created: "2026-01-01T00:00:00.5Z" }, { status: "exited", exitCode: 3 });
const facts: FilterFacts = {
  find: (ref) => (ref === "web" ? web : db),
  imageIds: (ref) => (ref === "busybox" ? ["img"] : undefined),
  networksOf: () => [{ name: "none", id: "1234" }],
  published: () => [{ containerPort: 80, protocol: "tcp" }],
};

test.each<[Record<string, string[]>, string[]]>([
  [{ id: ["ab"] }, ["web"]],
  [{ name: ["we"] }, ["web"]],
  [{ name: ["^/db$"] }, ["db"]],
  [{ name: ["^b"] }, []],
  [{ name: ["(a+)+$"] }, []],
  [{ label: ["a"] }, ["web", "db"]],
  [{ label: ["a=b", "c"] }, []],
  [{ status: ["exited"] }, ["db"]],
  [{ status: ["exited", "created"] }, ["web", "db"]],
  [{ exited: ["3"] }, ["db"]],
  [{ exited: ["0"] }, []],
  [{ volume: ["vol"] }, ["web"]],
  [{ volume: ["/data"] }, ["web"]],
  [{ network: ["none"] }, ["web", "db"]],
  [{ network: ["bridge"] }, []],
  [{ ancestor: ["busybox"] }, ["web", "db"]],
  [{ ancestor: ["other"] }, []],
  [{ before: ["web"] }, ["db"]],
  [{ since: ["db"] }, ["web"]],
  [{ expose: ["80"] }, ["web", "db"]],
  [{ expose: ["70-90/tcp"] }, ["web", "db"]],
  [{ expose: ["80/udp"] }, []],
  [{ publish: ["80"] }, ["web", "db"]],
  [{ publish: ["81"] }, []],
  [{ health: ["none"] }, ["web", "db"]],
  [{ health: ["healthy"] }, []],
  [{ "is-task": ["true"] }, []],
  [{ "is-task": ["false"] }, ["web", "db"]],
])("filter %j finds %j", (filters, names) => {
  const passes = containerFilter(new Map(Object.entries(filters)), facts);
  expect([web, db].filter(passes).map(({ record }) => record.name)).toEqual(names);
});

test.each<[Record<string, string[]>, string]>([
  [{ status: ["x"] }, "invalid filter 'status=x'"],
  [{ exited: ["x"] }, "invalid filter 'exited=x': strconv.Atoi: parsing \"x\": invalid syntax"],
  [{ health: ["x"] }, "unrecognized filter value for health: x"],
  [{ "is-task": ["x"] }, "invalid filter 'is-task=[x]'"],
  [{ publish: ["x"] }, 'error while looking up for publish x: strconv.ParseUint: parsing "x": invalid syntax'],
])("filter %j is refused in Docker's words", (filters, text) => {
  expect(() => containerFilter(new Map(Object.entries(filters)), facts)).toThrow(text);
});

test("times with and without a fraction are in order", () => {
  expect(compareTimes("2026-01-01T00:00:01Z", "2026-01-01T00:00:01.1Z")).toBe(-1);
  expect(compareTimes("2026-01-01T00:00:01.09Z", "2026-01-01T00:00:01.1Z")).toBe(-1);
  expect(compareTimes("2026-01-01T00:00:02Z", "2026-01-01T00:00:01.9Z")).toBe(1);
});
