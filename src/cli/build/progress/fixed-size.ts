const UNITS = ["B", "kB", "MB", "GB", "TB", "PB"];

/** Bytes as BuildKit's progress shows them: "249B", "12.71kB", "2.00MB". */
export function fixedSize(bytes: number): string {
  let size = bytes;
  let unit = 0;
  while (size >= 1000 && unit < UNITS.length - 1) {
    size /= 1000;
    unit++;
  }
  return unit === 0 ? `${bytes}B` : `${size.toFixed(2)}${UNITS[unit]}`;
}
