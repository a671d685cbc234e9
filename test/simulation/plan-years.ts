import { type Lived, livePlan } from './plan-year.ts'

/** What came of many plans; `shortest` is, of those that broke something, the one with the shortest history. */
export type Survey = {
  plans: number
  years: number
  /** Of them, of leases. */
  leaseYears: number
  facts: number
  ends: Record<string, number>
  shortest: Lived | null
}

/** How many more plans are lived after one that broke something, to find a shorter history of it. */
const LOOKED_FOR_SHORTER = 200

/** Facts of a failing history that are shown: the last ones. */
const SHOWN = 80

/** Lives plans of consecutive seeds until they come to so many years. */
export function livePlans(firstSeed: number, years: number): Survey {
  const survey: Survey = { plans: 0, years: 0, leaseYears: 0, facts: 0, ends: {}, shortest: null }
  let more = LOOKED_FOR_SHORTER
  for (let seed = firstSeed; survey.years < years && more > 0; seed += 1) {
    const lived = livePlan(seed)
    survey.plans += 1
    survey.years += lived.years
    survey.leaseYears += lived.kind === 'lease' ? lived.years : 0
    survey.facts += lived.facts
    survey.ends[lived.end] = (survey.ends[lived.end] ?? 0) + 1
    if (lived.broken && (survey.shortest === null || lived.facts < survey.shortest.facts)) survey.shortest = lived
    if (survey.shortest) more -= 1
  }
  return survey
}

/** The failure for people: what did not hold, how to live it again, and every fact that led there. */
export function story({ seed, broken }: Lived): string {
  if (!broken) return `Seed ${seed}: nothing is broken`
  const [terms = '', ...facts] = broken.facts
  const left = Math.max(facts.length - SHOWN, 0)
  const before = left > 0 ? [`(${left} facts before)`] : []
  const again = `Again: SIM_SEED=${seed} npm run test:simulation`
  return [broken.what, again, terms, ...before, ...facts.slice(left)].join('\n  ')
}

/** `10003 plan-years of 5000 plans (4012 of leases) from seed 1: 120000 facts; completed 3000, canceled 2000`. */
export function summary(
  firstSeed: number,
  { plans, years, leaseYears, facts, ends }: Omit<Survey, 'shortest'>,
): string {
  const ended = Object.entries(ends).map(([end, count]) => `${end} ${count}`)
  return `${Math.floor(years)} plan-years of ${plans} plans (${Math.floor(leaseYears)} of leases) from seed ${firstSeed}: ${facts} facts; ${ended.join(', ')}`
}
