import fc from "fast-check";
import { expect, test } from "vitest";
import { type HealthPlan, healthPlanOf, judge, nextCheck, startingHealth, uncheckedHealth } from "./plan-health.ts";

const plan: HealthPlan = {
  command: ["x"],
  interval: 30_000,
  startInterval: 5000,
  startPeriod: 0,
  timeout: 30_000,
  retries: 3,
};
const entry = (ExitCode: number) => ({ Start: "", End: "", ExitCode, Output: "" });

test("Docker's defaults, and the command's two forms", () => {
  expect(healthPlanOf({ Healthcheck: { Test: ["CMD", "x"] } })).toEqual(plan);
  expect(healthPlanOf({ Healthcheck: { Test: ["CMD-SHELL", "a b"] } })?.command).toEqual(["/bin/sh", "-c", "a b"]);
  const shelled = healthPlanOf({ Shell: ["/bin/ash", "-ec"], Healthcheck: { Test: ["CMD-SHELL", "a b"] } });
  expect(shelled?.command).toEqual(["/bin/ash", "-ec", "a b"]);
  for (const Test of [["NONE"], [], ["OTHER", "x"]]) expect(healthPlanOf({ Healthcheck: { Test } })).toBeUndefined();
  expect(healthPlanOf({})).toBeUndefined();
  const given = { Interval: 2e6, Timeout: 3e6, StartPeriod: 4e6, StartInterval: 5e6, Retries: 6 };
  expect(healthPlanOf({ Healthcheck: { Test: ["CMD", "x"], ...given } })).toEqual({
    ...plan,
    interval: 2,
    timeout: 3,
    startPeriod: 4,
    startInterval: 5,
    retries: 6,
  });
});

test("failures count up to the retries; one success ends the count", () => {
  let health = startingHealth(undefined);
  health = judge(plan, health, entry(1), 0);
  health = judge(plan, health, entry(-1), 0);
  expect(health).toMatchObject({ status: "starting", failingStreak: 2 });
  health = judge(plan, health, entry(1), 0);
  expect(health).toMatchObject({ status: "unhealthy", failingStreak: 3 });
  health = judge(plan, health, entry(0), 0);
  expect(health).toMatchObject({ status: "healthy", failingStreak: 0 });
  health = judge(plan, health, entry(1), 0);
  expect(health).toMatchObject({ status: "healthy", failingStreak: 1 });
});

test("in the start period failures do not count before the first success", () => {
  const patient = { ...plan, startPeriod: 1000, retries: 1 };
  const starting = judge(patient, startingHealth(undefined), entry(1), 999);
  expect(starting).toMatchObject({ status: "starting", failingStreak: 0 });
  expect(starting.log).toHaveLength(1);
  expect(judge(patient, starting, entry(1), 1000).status).toBe("unhealthy");
  const healthy = judge(patient, starting, entry(0), 10);
  expect(judge(patient, healthy, entry(1), 20).status).toBe("unhealthy");
});

test("the start interval serves while the container starts up", () => {
  const patient = { ...plan, startPeriod: 1000 };
  expect(nextCheck(patient, "starting", 0)).toBe(5000);
  expect(nextCheck(patient, "starting", 1000)).toBe(30_000);
  expect(nextCheck(patient, "healthy", 0)).toBe(30_000);
  expect(nextCheck(plan, "starting", 0)).toBe(30_000);
});

test("a new run starts anew and keeps the log; without checks it counts as unhealthy", () => {
  const health = judge(plan, startingHealth(undefined), entry(0), 0);
  expect(startingHealth(health)).toEqual({ status: "starting", failingStreak: 0, log: [entry(0)] });
  expect(uncheckedHealth(health)).toEqual({ ...health, status: "unhealthy" });
});

test("whatever the results, the log holds the last five and the streak the failures since the last success", () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: -1, max: 3 }), { minLength: 1, maxLength: 40 }), (codes) => {
      const end = codes.reduce((health, code) => judge(plan, health, entry(code), 0), startingHealth(undefined));
      expect(end.log.map((each) => each.ExitCode)).toEqual(codes.slice(-5));
      const streak = codes.length - 1 - codes.lastIndexOf(0);
      expect(end.failingStreak).toBe(streak);
      expect(end.status === "healthy").toBe(codes.includes(0) && end.status !== "unhealthy");
      if (streak >= 3) expect(end.status).toBe("unhealthy");
    }),
  );
});
