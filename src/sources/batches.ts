/** Lists in lumps. */

/** Resolves after everything that needs no waiting. */
function nextTurn(): Promise<'over'> {
  return new Promise((resolve) => setImmediate(resolve, 'over'))
}

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
    const turn = nextTurn()
    pending = values.next()
    // Awaited below or in the next round; until then it must not count as unhandled.
    pending.catch(() => {})
    while (batch.length < most) {
      const next = await Promise.race([pending, turn])
      if (next === 'over' || next.done === true) break
      batch.push(next.value)
      pending = values.next()
      pending.catch(() => {})
    }
    yield batch
  }
}
