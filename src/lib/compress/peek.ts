/**
 * The first bytes of a source (at least `count`, fewer where it is shorter) and the whole of it, from the start. The
 * source is read through `whole` from now on.
 */
export async function peek(
  source: AsyncIterable<Buffer>,
  count: number,
): Promise<{ head: Buffer; whole: AsyncGenerator<Buffer> }> {
  const iterator = source[Symbol.asyncIterator]();
  const taken: Buffer[] = [];
  let length = 0;
  while (length < count) {
    const { value, done } = await iterator.next();
    if (done) break;
    taken.push(value);
    length += value.length;
  }
  return { head: Buffer.concat(taken), whole: resume(taken, iterator) };
}

async function* resume(taken: Buffer[], iterator: AsyncIterator<Buffer>): AsyncGenerator<Buffer> {
  try {
    yield* taken;
    for (let next = await iterator.next(); !next.done; next = await iterator.next()) yield next.value;
  } finally {
    await iterator.return?.();
  }
}
