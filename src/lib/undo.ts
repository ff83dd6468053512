import { doing } from "./errors.ts";

/**
 * What has to be undone, newest first. Each step pushes its undo before the next one begins; on failure `unwind` runs
 * them all, past failures of their own.
 */
export class UndoStack {
  readonly #steps: { name: string; undo: () => unknown }[] = [];

  /** `name` says what is undone ("unmount /x") and is in front of the error's text if that fails. */
  push(name: string, undo: () => unknown): void {
    this.#steps.push({ name, undo });
  }

  /** Undoes everything, the newest first, and empties the stack. Returns the failures; never rejects. */
  async unwind(): Promise<Error[]> {
    const errors: Error[] = [];
    for (let step = this.#steps.pop(); step !== undefined; step = this.#steps.pop()) {
      try {
        await step.undo();
      } catch (error) {
        errors.push(doing(step.name, error));
      }
    }
    return errors;
  }

  /** The whole has succeeded: forget the undos. */
  discard(): void {
    this.#steps.length = 0;
  }
}
