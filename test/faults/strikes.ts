import { chanceOf } from '../simulation/random.ts'

/** Where what cannot be undone is done. */
const MATTERS = /(before|after) (stripe .*confirm|salesforce .*|letter|commit of .*(transactions|leases|statements).*)$/
const MOST = 4

/**
 * At which of these points a process is killed, in their order. With FAULT_POINTS=all at each of them, which takes long;
 * else at a few, drawn anew every time, most of them where it matters most.
 */
export function strikesOf(points: string[], seed = Date.now()): string[] {
  if (process.env.FAULT_POINTS === 'all') return points
  const chance = chanceOf(seed)
  const shuffled = points.map((point) => ({ point, rank: chance.int(0, 1_000) - (MATTERS.test(point) ? 700 : 0) }))
  const drawn = shuffled.toSorted((a, b) => a.rank - b.rank).slice(0, MOST)
  return points.filter((point) => drawn.some((one) => one.point === point))
}
