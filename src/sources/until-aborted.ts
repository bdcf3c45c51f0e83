/**
 * Passes items on until there are no more or the signal aborts, also while the next one is being waited for: an async generator
 * alone cannot be left then, since its `return` waits in line behind the `next` that is under way.
 *
 * What waits when the signal aborts is left behind with its result ignored; it is closed once it has finished waiting.
 */
export async function* untilAborted<T>(items: AsyncIterable<T>, signal: AbortSignal): AsyncGenerator<T> {
  const iterator = items[Symbol.asyncIterator]()
  let isWaiting = false
  let leave = () => {}
  // Not Promise.race with one promise for the signal: that one would keep a reaction for every item of the list.
  const onAbort = () => leave()
  signal.addEventListener('abort', onAbort)
  try {
    while (!signal.aborted) {
      isWaiting = true
      const step = await new Promise<IteratorResult<T> | undefined>((resolve, reject) => {
        leave = () => resolve(undefined)
        iterator.next().then(resolve, reject)
      })
      if (step === undefined) return
      isWaiting = false
      if (step.done === true) return
      yield step.value
    }
  } finally {
    signal.removeEventListener('abort', onAbort)
    const closed = iterator.return?.()
    if (isWaiting) closed?.catch(() => {})
    else await closed
  }
}
