import { invalid } from "../../lib/index.ts";

const NAME = /^[a-zA-Z0-9][a-zA-Z0-9_.-]+$/;
const MAX_NAME = 255;

/** Throws "invalid" with Docker's text for what is no name of a local volume. */
export function checkVolumeName(name: string): void {
  if (name.length > MAX_NAME)
    throw invalid(`create ${name.slice(0, 64)}…: volume name is longer than ${MAX_NAME} characters`);
  if (NAME.test(name)) return;
  if (name.length === 1) {
    throw invalid(`create ${name}: volume name is too short, names should be at least two alphanumeric characters`);
  }
  throw invalid(
    `create ${name}: ${JSON.stringify(name)} includes invalid characters for a local volume name, only "[a-zA-Z0-9][a-zA-Z0-9_.-]" are allowed. If you intended to pass a host directory, use absolute path`,
  );
}
