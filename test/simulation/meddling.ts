import { epochMs, instantOf } from '../../domain/calendar.ts'
import { chargeStep } from '../../domain/money.ts'
import { adjust } from '../../domain/plans/adjust.ts'
import { cancel, cancellationQuote } from '../../domain/plans/cancel.ts'
import { collectibles, escalationsOf, isEnding, outstanding } from '../../domain/plans/figures.ts'
import { changePaymentMethod } from '../../domain/plans/method.ts'
import { pause, resume } from '../../domain/plans/pause.ts'
import { pay } from '../../domain/plans/pay.ts'
import { type Resolving, resolve } from '../../domain/plans/resolve.ts'
import { attempt } from './attempt.ts'
import { askOfLease, backOffice } from './leasing.ts'
import type { Life } from './life.ts'

const DAY = 86_400_000
const METHODS = ['card', 'card', 'us_bank_account', 'sepa_debit', 'mtn_momo']

/** People: customers and clients who ask for something at any moment, brokers who settle what is escalated. */
export function peopleOf(life: Life): { meddle: () => void } {
  const visited = new Map<string, number>()
  const commands = life.chance.pick([0, 1, 3, 8])
  const days = life.plan.terms.termMonths * 30
  for (let k = 0; k < commands; k += 1)
    life.soon(24 * life.chance.int(0, days) + life.chance.int(0, 23), () => ask(life))
  const busy = life.chance.pick([0, 0, 1, 3])
  if (life.plan.lease) backOffice(life)
  let facts = 0
  return {
    meddle: () => {
      for (const id of escalationsOf(life.plan)) if (!visited.has(id)) visit(life, id, visited)
      for (const link of openLinks(life)) if (!visited.has(link)) follow(life, link, visited)
      if (life.facts.length === facts) return
      facts = life.facts.length
      if (!isEnding(life.plan) && life.chance.percent(busy)) ask(life)
    },
  }
}

function openLinks({ plan }: Life): string[] {
  return collectibles(plan).flatMap((i) => (i.openLink ? [i.openLink.transaction] : []))
}

/** A customer who is sent a link may do something else about it than to follow it. */
function follow(life: Life, link: string, visited: Map<string, number>): void {
  visited.set(link, 1)
  const wish = life.chance.weighted({ nothing: 50, pay: 30, method: 15, cancel: 5 })
  if (wish !== 'nothing') life.soon(life.chance.pick([0, 0.1, 1, 20, 24]), () => ask(life, wish))
}

/** A broker comes back to an escalation until it is settled, with less and less patience. */
function visit(life: Life, escalation: string, visited: Map<string, number>): void {
  const times = (visited.get(escalation) ?? 0) + 1
  visited.set(escalation, times)
  life.soon(life.chance.pick([0, 0.5, 24, 24, 72, 24 * 14, 24 * 50]), () => {
    if (!escalationsOf(life.plan).includes(escalation)) return
    const patient = { retry: 40, mark_paid: 25, waive: 25, cancel_plan: 5 }
    const isOrder = life.plan.lease?.order.escalation === escalation
    const action = isOrder
      ? life.chance.pick(['retry', 'retry', 'waive', 'cancel_plan'] as const)
      : life.chance.weighted(times > 6 ? { retry: 0, mark_paid: 50, waive: 50, cancel_plan: 0 } : patient)
    const asked: Resolving = { escalation, action, note: 'Spoke to the customer' }
    if (action === 'mark_paid') asked.reference = `CHQ-${times}`
    attempt(life, `broker: ${action} ${escalation}`, () => resolve(life.plan, asked, life.now))
    visit(life, escalation, visited)
  })
}

const WISHES = { adjust: 30, cancel: 8, method: 15, pay: 25, pause: 12, resume: 8 }

function ask(life: Life, wish?: keyof typeof WISHES): void {
  if (wish === undefined && life.plan.lease && life.chance.percent(50)) askOfLease(life)
  else askOfPlan(life, wish ?? life.chance.weighted(WISHES))
}

function askOfPlan(life: Life, wish: keyof typeof WISHES): void {
  const { chance } = life
  const step = chargeStep(life.plan.terms.currency)
  switch (wish) {
    case 'adjust': {
      const factor = chance.pick([0, 1, 30, 90, 99, 101, 120, 150, 300])
      const least = Math.max(life.plan.terms.discount, step)
      const totalAmount = Math.max(least, Math.round((life.plan.total / step) * (factor / 100)) * step)
      attempt(life, `adjust to ${totalAmount}`, () => adjust(life.plan, { totalAmount }, life.now))
      break
    }
    case 'cancel':
      cancelAsQuoted(life)
      break
    case 'method': {
      const paymentMethod = { id: `pm_${life.facts.length}`, type: chance.pick(METHODS) }
      attempt(life, `new ${paymentMethod.type}`, () => changePaymentMethod(life.plan, paymentMethod))
      break
    }
    case 'pay': {
      const most = outstanding(life.plan) / step
      const amount = chance.percent(35) ? null : step * Math.max(1, Math.floor((most * chance.int(1, 110)) / 100))
      const paymentMethod = chance.percent(40) ? { id: 'pm_3', type: chance.pick(METHODS) } : null
      attempt(life, `pay ${amount ?? 'what is due'}`, () => pay(life.plan, { amount, paymentMethod }, life.now))
      break
    }
    case 'pause':
      payHoliday(life)
      break
    case 'resume':
      attempt(life, 'resume', () => resume(life.plan, life.now))
      break
    default:
      wish satisfies never
  }
}

function payHoliday(life: Life): void {
  const mode = life.chance.pick(['extend', 'catch_up'] as const)
  const most = life.chance.percent(90) ? 120 : 900
  const ms = life.chance.int(1, most * 24) * (DAY / 24)
  const until = life.chance.percent(60) ? instantOf(epochMs(life.now) + ms) : null
  const paused = attempt(life, `pause, ${mode} until ${until}`, () => pause(life.plan, { mode, until }, life.now))
  if (paused && until === null)
    life.soon(ms / (DAY / 24), () => attempt(life, 'resume', () => resume(life.plan, life.now)))
}

function cancelAsQuoted(life: Life): void {
  attempt(life, 'cancel', () => {
    const quoted = cancellationQuote(life.plan, life.now)
    const decision = cancel(life.plan, life.now)
    if (JSON.stringify(quoted) !== JSON.stringify(decision.answer)) life.broken('Cancelled otherwise than quoted')
    return decision
  })
}
