/** A binary min-heap of things by time: what is due first comes out first. */
export class TimeHeap<T> {
  readonly #items: { readonly time: number; readonly value: T }[] = []

  get size(): number {
    return this.#items.length
  }

  /** The earliest time, or undefined when empty. */
  get earliest(): number | undefined {
    return this.#items[0]?.time
  }

  /** What is due first, or undefined when empty. */
  get first(): T | undefined {
    return this.#items[0]?.value
  }

  push(time: number, value: T): void {
    const items = this.#items
    let index = items.length
    const item = { time, value }
    items.push(item)
    while (index > 0) {
      const parentIndex = (index - 1) >> 1
      const parent = items[parentIndex]
      if (parent === undefined || parent.time <= time) break
      items[index] = parent
      index = parentIndex
    }
    items[index] = item
  }

  /** Takes the earliest one out if it is due. */
  popDue(now: number): T | undefined {
    const items = this.#items
    const first = items[0]
    if (first === undefined || first.time > now) return undefined
    const last = items.pop()
    if (last !== undefined && items.length > 0) this.#sink(last)
    return first.value
  }

  #sink(item: { readonly time: number; readonly value: T }): void {
    const items = this.#items
    let index = 0
    for (;;) {
      let childIndex = 2 * index + 1
      let child = items[childIndex]
      if (child === undefined) break
      const right = items[childIndex + 1]
      if (right !== undefined && right.time < child.time) {
        child = right
        childIndex += 1
      }
      if (child.time >= item.time) break
      items[index] = child
      index = childIndex
    }
    items[index] = item
  }
}
