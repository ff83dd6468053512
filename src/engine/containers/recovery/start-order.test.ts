import fc from "fast-check";
import { expect, test } from "vitest";
import { planStartOrder } from "./start-order.ts";

const member = (id: string, service: string, dependsOn = "", project = "shop") => ({
  id,
  labels: {
    "com.docker.compose.project": project,
    "com.docker.compose.service": service,
    "com.docker.compose.depends_on": dependsOn,
  },
});
const plan = (...containers: Parameters<typeof planStartOrder>[0]) => Object.fromEntries(planStartOrder(containers));

test("a service waits for every container of those that it depends on, as the condition says", () => {
  const order = plan(
    member("w", "web", "app:service_started:false,db:service_healthy:true"),
    member("a1", "app", "db:service_healthy:false"),
    member("a2", "app", "db:service_healthy:false"),
    member("d", "db"),
  );
  const healthy = [{ id: "d", condition: "service_healthy" }];
  expect(order).toEqual({
    w: [
      { id: "a1", condition: "service_started" },
      { id: "a2", condition: "service_started" },
      { id: "d", condition: "service_healthy" },
    ],
    a1: healthy,
    a2: healthy,
  });
});

test("other projects, services that are not there and labels that say nothing are no dependencies", () => {
  expect(
    plan(
      member("w", "web", "db,nope:service_started,:,db:whenever:x,::"),
      member("d", "db", "", "other"),
      { id: "x", labels: { "com.docker.compose.depends_on": "db" } },
      { id: "y", labels: {} },
    ),
  ).toEqual({});
});

test("those that would wait for each other do not", () => {
  expect(plan(member("a", "a", "b"), member("b", "b", "c"), member("c", "c", "a,c"))).toEqual({
    a: [{ id: "b", condition: "service_started" }],
    b: [{ id: "c", condition: "service_started" }],
  });
});

test("whatever the labels say, all can start", () => {
  const service = fc.constantFrom("a", "b", "c", "d");
  const members = fc.array(fc.tuple(service, fc.array(service)), { maxLength: 12 });
  fc.assert(
    fc.property(members, (given) => {
      const containers = given.map(([name, others], index) => member(String(index), name, others.join(",")));
      const order = planStartOrder(containers);
      const started = new Set<string>();
      for (let round = 0; round < containers.length; round++)
        for (const { id } of containers)
          if ((order.get(id) ?? []).every((other) => started.has(other.id))) started.add(id);
      expect(started.size).toBe(containers.length);
    }),
  );
});
