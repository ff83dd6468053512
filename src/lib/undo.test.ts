import { expect, test } from "vitest";
import { UndoStack } from "./undo.ts";

test("undoes the newest first, past failures, and once only", async () => {
  const log: string[] = [];
  const undo = new UndoStack();
  undo.push("one", () => log.push("one"));
  undo.push("two", async () => {
    throw new Error("stuck");
  });
  undo.push("three", async () => log.push("three"));
  const errors = await undo.unwind();
  expect(log).toEqual(["three", "one"]);
  expect(errors.map((error) => error.message)).toEqual(["two: stuck"]);
  expect(await undo.unwind()).toEqual([]);
});

test("discard forgets", async () => {
  const undo = new UndoStack();
  undo.push("x", () => {
    throw new Error("must not run");
  });
  undo.discard();
  expect(await undo.unwind()).toEqual([]);
});
