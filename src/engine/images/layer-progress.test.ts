import { expect, test } from "vitest";
import type { JSONMessage } from "../../spec/api/index.ts";
import { createLayerProgress, progressText } from "./layer-progress.ts";

// Taken from Docker 26.1's answers to /images/load and /images/create.
test.each([
  [32768, 3010560, "[>                                                  ]  32.77kB/3.011MB"],
  [36445, 1083586, "[=>                                                 ]  36.45kB/1.084MB"],
  [3010560, 3010560, "[==================================================>]  3.011MB/3.011MB"],
  [0, 0, ""],
  [1234, 0, " 1.234kB"],
  [20, 10, "[==================================================>]      20B"],
])("%d of %d", (current, total, text) => {
  expect(progressText(current, total)).toBe(text);
});

test("not more often than every tenth of a second or hundredth of the whole, but always the last", () => {
  const messages: JSONMessage[] = [];
  let now = 0;
  const shown = createLayerProgress(
    (message) => messages.push(message),
    "abc",
    () => now,
  );
  const total = 10_000_000;
  for (let done = 0; done <= total; done += 10_000) {
    shown.bytes("Downloading", done, total);
    now += 1;
  }
  expect(messages.length).toBeLessThan(13);
  expect(messages.at(-1)).toEqual({
    status: "Downloading",
    progressDetail: { current: total, total },
    progress: expect.stringContaining("=>]"),
    id: "abc",
  });
  shown.status("Pull complete");
  expect(messages.at(-1)).toEqual({ status: "Pull complete", progressDetail: {}, id: "abc" });
});
