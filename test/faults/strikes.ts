import { chanceOf } from '../simulation/random.ts'

/** What leaves the machine, and what puts money on record. */
const MATTERS = /stripe|salesforce|letter|commit of .*(transactions|leases|statements)/
const OTHERS = 2

/**
 * At which of these points a process is killed. With FAULT_POINTS=all at each of them, which takes the longer; else at
 * those where it matters most, and at some others, which are different ones every time.
 */
export function strikesOf(points: string[], seed = Date.now()): string[] {
  if (process.env.FAULT_POINTS === 'all') return points
  const others = points.filter((point) => !MATTERS.test(point))
  const chance = chanceOf(seed)
  const drawn = new Set(Array.from({ length: OTHERS }, () => (others.length > 0 ? chance.pick(others) : '')))
  return points.filter((point) => MATTERS.test(point) || drawn.has(point))
}
