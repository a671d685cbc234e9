import { chanceOf } from '../simulation/random.ts'

/** Where what cannot be undone is done. */
const MATTERS = /(before|after) (stripe .*confirm|salesforce .*|letter|commit of .*(transactions|leases|statements).*)$/
const MOST = 3

/** Said with the points, so that a run can be played again. */
const seed = Number(process.env.FAULTS_SEED ?? Date.now() % 1_000_000)

/**
 * At which of these points a process is killed, in their order. With FAULT_POINTS=all at each of them, which takes long;
 * else at a few, drawn anew every time, most of them where it matters most.
 */
export function strikesOf(points: string[]): string[] {
  if (process.env.FAULT_POINTS === 'all') return points
  const chance = chanceOf(seed)
  const ranked = points.map((point) => ({ point, rank: chance.int(0, 1_000) - (MATTERS.test(point) ? 700 : 0) }))
  const drawn = ranked.toSorted((a, b) => a.rank - b.rank).slice(0, MOST)
  const strikes = points.filter((point) => drawn.some((one) => one.point === point))
  process.stderr.write(`FAULTS_SEED=${seed}: the worker is killed ${strikes.join('; ')}\n`)
  return strikes
}
