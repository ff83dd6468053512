import { BerthError } from "../errors.ts";

/**
 * The promise's result, or, after `milliseconds`, what `onTimeout` returns or throws; without it, an error of kind
 * "timeout". The work itself is not stopped: pass it a signal for that.
 */
export async function withTimeout<T>(
  promise: Promise<T>,
  milliseconds: number,
  onTimeout: () => T | Promise<T> = () => {
    throw new BerthError("timeout", `timed out after ${milliseconds} ms`);
  },
): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const expired = new Promise<"expired">((resolve) => {
    timer = setTimeout(resolve, milliseconds, "expired");
  });
  try {
    const first = await Promise.race([promise.then((value) => ({ value })), expired]);
    if (first !== "expired") return first.value;
    promise.catch(() => {});
    return await onTimeout();
  } finally {
    clearTimeout(timer);
  }
}
