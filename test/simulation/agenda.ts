type Happening = { at: number; tenor: boolean; does: () => void }

/** What will happen, in order. What concerns Tenor waits while Tenor is away; the gateway's own does not. */
export class Agenda {
  readonly #outage: { from: number; to: number } | null
  /** Latest first, so that the next is taken from the end. */
  readonly #happenings: Happening[] = []

  constructor(outage: { from: number; to: number } | null) {
    this.#outage = outage
  }

  add(at: number, tenor: boolean, does: () => void): void {
    const happening = { at: tenor ? this.whenBack(at) : at, tenor, does }
    let place = this.#happenings.length
    while (place > 0 && (this.#happenings[place - 1]?.at ?? 0) <= happening.at) place -= 1
    this.#happenings.splice(place, 0, happening)
  }

  next(): number | null {
    return this.#happenings.at(-1)?.at ?? null
  }

  take(): Happening {
    const next = this.#happenings.pop()
    if (!next) throw new Error('Nothing happens')
    return next
  }

  whenBack(at: number): number {
    const away = this.#outage
    return away && at >= away.from && at < away.to ? away.to : at
  }
}
