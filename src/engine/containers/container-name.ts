import { conflict, invalid } from "../../lib/index.ts";

const NAME = /^[a-zA-Z0-9][a-zA-Z0-9_.-]+$/;
const MAX_NAME = 255;

/** The name without the slash that the API may carry. Throws "invalid" with Docker's text. */
export function parseContainerName(text: string): string {
  const name = text.startsWith("/") ? text.slice(1) : text;
  if (!NAME.test(name)) {
    throw invalid(`Invalid container name (${text}), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed`);
  }
  if (name.length > MAX_NAME) throw invalid(`Invalid container name: it is longer than ${MAX_NAME} characters`);
  return name;
}

/** Docker's text for a name that is taken. */
export function nameConflict(name: string, id: string): Error {
  return conflict(
    `Conflict. The container name "/${name}" is already in use by container "${id}". You have to remove (or rename) that container to be able to reuse that name.`,
  );
}
