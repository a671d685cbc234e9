import type { Work } from '../../domain/plans/work.ts'
import { Broken, Life } from './life.ts'
import { peopleOf } from './meddling.ts'
import { chanceOf } from './random.ts'
import { randomLease, randomPlan } from './terms.ts'
import { Invariants } from './watch.ts'
import { collect, giveBack, look, payOnce } from './world.ts'

/** Two of five are leases. */
function isLease(seed: number): boolean {
  return seed % 5 < 2
}

/** `years` of one plan's life, and how it ended: `broken` is what did not hold, with the facts that led there. */
export type Lived = {
  seed: number
  kind: 'lease' | 'plan'
  years: number
  facts: number
  end: string
  broken: { what: string; facts: string[] } | null
}

/** Lives the plan of a seed to its end. The same seed lives the same life. */
export function livePlan(seed: number): Lived {
  const asked = isLease(seed) ? randomLease(chanceOf(seed), `ls_${seed}`) : randomPlan(chanceOf(seed), `pt_${seed}`)
  const years = asked.terms.termMonths / 12
  const kind = 'device' in asked ? 'lease' : 'plan'
  let people: ReturnType<typeof peopleOf> | null = null
  const world = {
    perform: (life: Life, work: Work) => perform(life, work),
    meddle: (life: Life) => {
      people ??= peopleOf(life)
      people.meddle()
    },
  }
  let life: Life | null = null
  try {
    life = new Life(seed, asked, { watch: new Invariants(), world })
    life.live()
    return { seed, kind, years, facts: life.facts.length, end: life.plan.lifecycle, broken: null }
  } catch (error) {
    const what = error instanceof Broken ? error.message : String(error instanceof Error ? error.stack : error)
    const facts = error instanceof Broken ? error.facts : (life?.facts ?? [])
    const terms = JSON.stringify({ ...asked.terms, total: asked.total, by: asked.paymentMethod.type })
    return { seed, kind, years, facts: facts.length, end: 'broken', broken: { what, facts: [terms, ...facts] } }
  }
}

function perform(life: Life, work: Work): void {
  if (work.do === 'collect') collect(life, work.installment)
  else if (work.do === 'pay') payOnce(life, work.payment)
  else if (work.do === 'look') look(life, work)
  else giveBack(life, work.refund)
}
