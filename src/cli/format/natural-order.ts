/** Compares names as people count: "v2" before "v10"; by code point elsewhere. */
export function naturally(a: string, b: string): number {
  const as = a.match(/\d+|\D+/g) ?? [];
  const bs = b.match(/\d+|\D+/g) ?? [];
  for (let index = 0; index < Math.min(as.length, bs.length); index++) {
    const order = comparePart(as[index] ?? "", bs[index] ?? "");
    if (order !== 0) return order;
  }
  return as.length - bs.length;
}

function comparePart(a: string, b: string): number {
  if (/^\d/.test(a) && /^\d/.test(b)) {
    const [x, y] = [a.replace(/^0+/, ""), b.replace(/^0+/, "")];
    if (x.length !== y.length) return x.length - y.length;
    if (x !== y) return x < y ? -1 : 1;
    return a.length - b.length;
  }
  return a < b ? -1 : a > b ? 1 : 0;
}
