const FIRST_MS = 5_000
const LONGEST_MS = 3_600_000

/** So many tries are three days of them, most an hour apart. */
export const MOST_ATTEMPTS = 80

/**
 * How long to wait after the nth try: doubling from five seconds up to an hour, half of it by chance, so that what was
 * held up together does not come back together. `random` is from 0 up to 1.
 */
export function backOffMs(attempt: number, random: number): number {
  const whole = Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(attempt - 1, 20))
  return Math.round(whole / 2 + whole * random)
}
