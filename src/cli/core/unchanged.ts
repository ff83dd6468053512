import { ApiError } from "../../api/client/index.ts";

/** Takes 304 "already so" as done, as Docker's client does. */
export async function ignoreUnchanged(call: Promise<void>): Promise<void> {
  try {
    await call;
  } catch (error) {
    if (!(error instanceof ApiError) || error.status !== 304) throw error;
  }
}
