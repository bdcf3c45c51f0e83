/** Lists in lumps. */

type Next<T> = Promise<IteratorResult<T, undefined>>

/**
 * An iteration's values in batches: as many as can be had without waiting, at most `most`, at least one. So a list that drips is passed on
 * value by value, and one of millions by the thousand.
 */
export async function* inBatches<T>(
  values: AsyncIterableIterator<T, undefined>,
  most: number,
): AsyncGenerator<readonly T[], void> {
  for (let pending = values.next(); ; ) {
    const first = await pending
    if (first.done === true) return
    const batch = [first.value]
    const rest = await filled(batch, values, most)
    yield batch
    pending = rest.pending
  }
}

/**
 * Adds to the batch everything that needs no waiting, by a callback for each value: awaiting a race of promises took three times as long.
 * @returns the value after the batch, in a box: a promise of a promise is one
 */
function filled<T>(
  batch: T[],
  values: AsyncIterableIterator<T, undefined>,
  most: number,
): Promise<{ readonly pending: Next<T> }> {
  const { promise, resolve } = Promise.withResolvers<{ readonly pending: Next<T> }>()
  let isOver = false
  let pending: Next<T>
  const end = () => {
    isOver = true
    resolve({ pending })
  }
  const turn = setImmediate(end)
  const ask = () => {
    pending = values.next()
    // What comes after the turn, also an error, is for whoever awaits it.
    pending.then(take, end)
  }
  const take = (next: IteratorResult<T, undefined>) => {
    if (isOver) return
    if (next.done !== true) {
      batch.push(next.value)
      ask()
      if (batch.length < most) return
      isOver = true
    }
    clearImmediate(turn)
    end()
  }
  ask()
  return promise
}
