import { isDeepStrictEqual } from 'node:util'
import { compareInstants, epochMs, instantOf } from '../../domain/calendar.ts'
import { makeLease, type NewLease } from '../../domain/leasing/make.ts'
import { chargeStep } from '../../domain/money.ts'
import { afterwards } from '../../domain/plans/afterwards.ts'
import type { Decision } from '../../domain/plans/effects.ts'
import { makePlan, type NewPlan } from '../../domain/plans/make.ts'
import type { Plan } from '../../domain/plans/plan.ts'
import type { Instant } from '../../domain/plans/terms.ts'
import { isOver, nextWake, timePassed } from '../../domain/plans/time.ts'
import { dueNow, type Work } from '../../domain/plans/work.ts'
import { Agenda } from './agenda.ts'
import { Books } from './books.ts'
import { FakeGateway } from './gateway.ts'
import { frozen } from './plain.ts'
import { type Chance, chanceOf } from './random.ts'

/** Any plan that may be made. */
export type Lived = NewPlan | NewLease

const HOUR = 3_600_000
const DAY = 24 * HOUR

function passedInWords(effects: Decision['effects']): string {
  const types = effects.flatMap((e) => (e.write === 'event' || e.write === 'notice' ? [e.type] : []))
  return [...new Set(types)].join(', ') || 'time passed'
}

/** What must hold did not, in the plan-year of this seed: the facts that led there, oldest first. */
export class Broken extends Error {
  readonly facts: string[]
  constructor(message: string, facts: string[]) {
    super(message)
    this.facts = facts
  }
}

/** Looks at a life after every fact, and reports what does not hold by `life.broken`. */
export type Watch = {
  seen(life: Life): void
  begun(life: Life, before: Plan): void
  rests(life: Life): void
  ended(life: Life): void
}

/** What the life of a plan asks of the world, and how the world answers. */
export type World = {
  perform(life: Life, work: Work): void
  meddle(life: Life): void
}

/**
 * One plan from its making to its end, driven as its workflow drives it, with chance for a world. Time jumps from one
 * moment to the next; `perform` and `meddle` put what happens later into the agenda.
 */
export class Life {
  readonly chance: Chance
  readonly agenda: Agenda
  readonly books: Books
  readonly gateway: FakeGateway
  readonly facts: string[] = []
  readonly running = new Set<string>()
  readonly news = new Set<string>()
  /** Transactions that changed at the gateway since they were last read. */
  readonly unread = new Set<string>()
  /** Charges that the database knows the end of and the plan does not yet. */
  unlearned = 0
  plan: Plan
  now: Instant
  readonly outage: { from: number; to: number } | null
  readonly #watch: Watch
  readonly #world: World
  #lastMoved = 0

  constructor(seed: number, asked: Lived, { watch, world }: { watch: Watch; world: World }) {
    this.chance = chanceOf(seed ^ 0x9e3779b9)
    this.#watch = watch
    this.#world = world
    this.now = asked.now
    this.outage = this.#randomOutage(asked)
    this.agenda = new Agenda(this.outage)
    this.books = new Books((what) => this.broken(what))
    this.gateway = new FakeGateway({
      chance: this.chance,
      later: (hours, does, news) => this.#atGateway(hours, does, news),
      broken: (what) => this.broken(what),
      step: chargeStep(asked.terms.currency),
      trouble: this.chance.pick([0, 5, 5, 15, 15, 40]),
    })
    const made = 'device' in asked ? makeLease(frozen(asked)) : makePlan(frozen(asked))
    this.plan = made.plan
    this.decide('made', made)
  }

  /** Lives the plan to its end, and on to the last word of its gateway: news brings an ended plan back. Throws `Broken`. */
  live(): void {
    while (!this.#isOver() || this.agenda.next() !== null) {
      if (this.#doWhatIsDue()) continue
      if (this.#isOver() && this.agenda.next() === null) break
      this.#untilSomethingHappens()
      if (this.facts.length - this.#lastMoved > 500) this.broken('No end of facts at one moment')
      if (this.facts.length > 400 + 60 * this.plan.installments.length) this.broken('No end of facts')
    }
    this.#watch.ended(this)
  }

  #isOver(): boolean {
    return isOver(this.plan, this.now) && this.running.size === 0 && this.news.size === 0
  }

  /** Takes over a decision as one fact, and lets the watch see it. */
  decide(what: string, { plan, effects }: Decision): void {
    if (plan === this.plan && effects.length === 0 && what !== 'made') return
    this.fact(what === 'time passed' ? passedInWords(effects) : what)
    this.plan = frozen(plan)
    this.books.write(frozen(effects), this.now)
    this.#record()
    this.#watch.seen(this)
  }

  /** A charge, payment or refund has ended, and what follows for the plan as a whole: one fact. */
  learn(what: string, decision: Decision): void {
    const after = afterwards(frozen(decision.plan), this.now)
    this.decide(what, { plan: after.plan, effects: [...decision.effects, ...after.effects] })
  }

  fact(what: string): void {
    this.facts.push(`${this.now} ${what}`)
  }

  broken(what: string): never {
    throw new Broken(what, this.facts)
  }

  /** Whether Tenor may have been away at some time so far, so that things happen later than planned. */
  wasAway(): boolean {
    return this.outage !== null && epochMs(this.now) >= this.outage.from
  }

  /** In `hours`, or when Tenor is back from an outage that lasts then. */
  soon(hours: number, does: () => void): void {
    this.agenda.add(epochMs(this.now) + Math.round(hours * HOUR), true, does)
  }

  #atGateway(hours: number, does: () => void, news: string | null): void {
    this.agenda.add(epochMs(this.now) + Math.round(hours * HOUR), false, () => {
      does()
      if (news === null) return
      this.unread.add(news)
      this.soon(this.chance.pick([0, 0, 0.001, 1, 30]), () => this.news.add(news))
    })
  }

  /** Whether somebody said something meanwhile, so that it is to be done again. */
  #doWhatIsDue(): boolean {
    for (let stirred = true; stirred; ) {
      const before = this.plan
      const isLooking = [...this.running].some((key) => key.startsWith('look:'))
      const due = dueNow(this.plan, this.now, { news: this.news, isLooking })
      this.decide('time passed', timePassed(this.plan, this.now))
      const known = this.plan
      if (due.plan !== before && !isDeepStrictEqual(due.plan, known)) {
        this.plan = frozen(due.plan)
        this.#record()
        this.#watch.begun(this, known)
        this.#watch.seen(this)
      }
      for (const work of due.work) {
        if (!this.running.has(work.key)) this.#world.perform(this, work)
      }
      stirred = this.plan !== before
    }
    const before = this.plan
    this.#world.meddle(this)
    return this.plan !== before
  }

  #untilSomethingHappens(): void {
    this.#watch.rests(this)
    const wake = nextWake(this.plan, this.now)
    const wakeAt = wake === null ? null : this.agenda.whenBack(epochMs(wake))
    if (wake !== null && compareInstants(wake, this.now) <= 0)
      this.broken(`Wakes at ${wake}, which is not in the future`)
    const next = this.agenda.next()
    if (wakeAt === null && next === null) this.broken('Nothing will ever happen, and the plan is not over')
    const at = Math.min(wakeAt ?? Number.POSITIVE_INFINITY, next ?? Number.POSITIVE_INFINITY)
    if (at > epochMs(this.now)) this.#lastMoved = this.facts.length
    this.now = instantOf(Math.max(at, epochMs(this.now)))
    let concernsTenor = false
    // Of what comes at one moment, the loop sees each by itself or all of it together.
    while (this.agenda.next() !== null && (this.agenda.next() ?? 0) <= at) {
      const happening = this.agenda.take()
      happening.does()
      concernsTenor ||= happening.tenor
      if (concernsTenor && this.chance.percent(50)) return
    }
  }

  /** The plan is written after each decision, and numbered. */
  #record(): void {
    const { sequence } = this.plan
    this.plan = frozen({ ...this.plan, sequence: { ...sequence, change: sequence.change + 1 } })
  }

  #randomOutage({ now, terms }: Lived): { from: number; to: number } | null {
    if (!this.chance.percent(30)) return null
    const from = epochMs(now) + this.chance.int(0, terms.termMonths * 30) * DAY + this.chance.int(0, 23) * HOUR
    return { from, to: from + this.chance.pick([3 * HOUR, DAY, 3 * DAY, 40 * DAY, 100 * DAY]) }
  }
}
