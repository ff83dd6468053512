/** What a solver knows of a vertex. */
export interface Solvable {
  readonly id: string;
  readonly inputs: readonly string[];
}

/**
 * Solves the vertices that `wanted` need, each once and as soon as its inputs are there, independent ones at the same
 * time. With the first failure the others are cancelled; it is thrown when all have come to rest.
 */
export async function solveGraph<V extends Solvable, R>(
  vertices: ReadonlyMap<string, V>,
  wanted: readonly string[],
  signal: AbortSignal,
  solve: (vertex: V, inputs: ReadonlyMap<string, R>, signal: AbortSignal) => Promise<R>,
): Promise<Map<string, R>> {
  const control = new AbortController();
  const abort = () => control.abort(signal.reason);
  signal.addEventListener("abort", abort, { once: true });
  if (signal.aborted) abort();
  const begun = new Map<string, Promise<R>>();
  let failure: { error: unknown } | undefined;
  const fail = (error: unknown) => {
    failure ??= { error };
    control.abort(error);
  };
  const resultOf = (id: string): Promise<R> => {
    const known = begun.get(id);
    if (known !== undefined) return known;
    const vertex = vertices.get(id);
    if (vertex === undefined) return Promise.reject(new Error(`there is no vertex ${id}`));
    const inputs = vertex.inputs.map(async (input) => [input, await resultOf(input)] as const);
    const result = Promise.all(inputs).then((pairs) => {
      control.signal.throwIfAborted();
      return solve(vertex, new Map(pairs), control.signal);
    });
    result.catch(fail);
    begun.set(id, result);
    return result;
  };
  try {
    for (const id of wanted) resultOf(id).catch(() => {});
    await Promise.allSettled(begun.values());
    if (failure !== undefined) throw failure.error;
    signal.throwIfAborted();
    return new Map(await Promise.all([...begun].map(async ([id, result]) => [id, await result] as const)));
  } finally {
    signal.removeEventListener("abort", abort);
  }
}
