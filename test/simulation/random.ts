/** A seeded source of chance: the same seed gives the same plan-years on every machine, so that a failing one replays. */
export type Chance = {
  /** A whole number from `low` to `high`, both included. */
  int(low: number, high: number): number
  /** True with a probability of `percent` in a hundred. */
  percent(percent: number): boolean
  pick<T>(items: readonly T[]): T
  /** One of the names, each as likely as its weight says. */
  weighted<K extends string>(weights: Record<K, number>): K
}

export function chanceOf(seed: number): Chance {
  let state = seed >>> 0
  // Mulberry32.
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = state
    t = Math.imul(t ^ (t >>> 15), t | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296
  }
  const int = (low: number, high: number) => low + Math.floor(next() * (high - low + 1))
  return {
    int,
    percent: (percent) => next() * 100 < percent,
    pick: (items) => {
      const item = items[int(0, items.length - 1)]
      if (item === undefined) throw new Error('Nothing to pick from')
      return item
    },
    weighted: (weights) => {
      const names = Object.keys(weights) as (keyof typeof weights)[]
      let left = next() * names.reduce((sum, name) => sum + weights[name], 0)
      for (const name of names) {
        left -= weights[name]
        if (left < 0) return name
      }
      return names.at(-1) as keyof typeof weights
    },
  }
}
