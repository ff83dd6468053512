import { expect, test } from "vitest";
import { progressBar } from "./progress-bar.ts";

test("bars in docker's form", () => {
  expect(progressBar({}, 200)).toBe("");
  expect(progressBar({ current: 512 }, 200)).toBe("    512B");
  expect(progressBar({ current: 5, total: 10 }, 80)).toBe("      5B/10B");
  expect(progressBar({ current: 5, total: 10 }, 200)).toBe(`[${"=".repeat(25)}>${" ".repeat(25)}]       5B/10B`);
  expect(progressBar({ current: 20, total: 10 }, 200)).toBe(`[${"=".repeat(50)}>]      20B`);
  expect(progressBar({ current: 1, total: 2, units: "s" }, 80)).toBe("1/2 s");
});
