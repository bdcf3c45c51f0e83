/** No more than this many times the least: what one machine holds, others cannot have. */
const MOST = 8

/**
 * How many documents a worker has in hand at most, so that its threads have something to do while a claim is under way, and no more: as many
 * as its threads can hold at the least, more once they had nothing left when a claim came back.
 */
export class ClaimRoom {
  readonly #least: number
  #size: number

  /** @param least documents that the threads can take at once */
  constructor(least: number) {
    this.#least = least
    this.#size = least
  }

  free(inHand: number): number {
    return Math.max(0, this.#size - inHand)
  }

  /** Whether it is time for a claim: each costs the database some milliseconds, however few documents it takes. */
  isWide(inHand: number): boolean {
    return this.free(inHand) * 2 >= this.#size
  }

  /** After a claim that took all that it was to take: what was in hand when it was begun, and what was left when it came back. */
  claimed(before: number, left: number): void {
    if (before > 0 && left === 0) this.#size = Math.min(this.#size * 2, this.#least * MOST)
    else if (left * 2 > this.#size) this.#size = Math.max(this.#least, this.#size - 1)
  }
}
