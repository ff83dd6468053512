/** Go's strconv.ParseBool; undefined where it fails. */
export function parseBool(value: string): boolean | undefined {
  if (["1", "t", "T", "TRUE", "true", "True"].includes(value)) return true;
  return ["0", "f", "F", "FALSE", "false", "False"].includes(value) ? false : undefined;
}
