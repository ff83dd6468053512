import { defineConfig } from "vitest/config";

// A slow machine (an emulated one) takes longer for the same.
const slow = Number(process.env.BERTH_SLOW ?? 1);

export default defineConfig({
  test: {
    projects: [
      { test: { name: "unit", include: ["src/**/*.test.ts"], pool: "forks", testTimeout: 30_000 } },
      {
        test: {
          name: "e2e",
          include: ["test/**/*.test.ts"],
          pool: "forks",
          fileParallelism: false,
          testTimeout: 120_000 * slow,
          hookTimeout: 120_000 * slow,
        },
      },
    ],
  },
});
