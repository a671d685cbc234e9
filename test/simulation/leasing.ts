import { exchanged, offboarded, waiverAdded } from '../../domain/leasing/change.ts'
import { endChosen, gone, keptEarly } from '../../domain/leasing/end.ts'
import { type EndChoice, leaseOf } from '../../domain/leasing/lease.ts'
import { delivered, dispatched, outOfStock } from '../../domain/leasing/order.ts'
import { monthlyOf } from '../../domain/leasing/pricing.ts'
import { chargeStep } from '../../domain/money.ts'
import { attempt } from './attempt.ts'
import type { Life } from './life.ts'

/** People around a lease: the back office that sends its device, employees, their employer. */

export function backOffice(life: Life): void {
  const { chance } = life
  const missing = chance.percent(15)
  const dispatchAt = chance.weighted({ soon: 80, late: 20 }) === 'soon' ? chance.int(1, 80) : chance.int(80, 24 * 25)
  if (missing) {
    life.soon(chance.int(0, dispatchAt), () => {
      const substitute = chance.percent(50) ? newUnit(life) : null
      attempt(life, `out of stock, ${substitute}`, () => outOfStock(life.plan, { substitute }, life.now))
    })
  }
  if (chance.percent(80))
    life.soon(dispatchAt, () => attempt(life, 'dispatched', () => dispatched(life.plan, { tracking: null }, life.now)))
  life.soon(dispatchAt + chance.int(0, 100), () => attempt(life, 'delivered', () => delivered(life.plan, life.now)))
}

const WISHES = { end: 40, exchange: 15, waiver: 15, gone: 6, buy_out: 6, offboard: 10 }

export function askOfLease(life: Life): void {
  const { chance, plan, now } = life
  const wish = chance.weighted(WISHES)
  switch (wish) {
    case 'end': {
      const end = chance.pick<EndChoice>([
        { choice: 'return' },
        { choice: 'buy_out' },
        { choice: 'extend', months: chance.int(1, 6) },
        { choice: 'extend', months: chance.int(1, 6) },
      ])
      attempt(life, `to come at the end: ${JSON.stringify(end)}`, () => endChosen(life.plan, end))
      break
    }
    case 'exchange':
      exchangeDevice(life)
      break
    case 'waiver': {
      const monthly = chargeStep(plan.terms.currency) * chance.int(1, 500)
      attempt(life, `waiver, ${monthly} a month`, () => waiverAdded(life.plan, { monthly }, now))
      break
    }
    case 'gone': {
      const how = chance.pick(['lost', 'stolen'] as const)
      attempt(life, how, () => gone(life.plan, how, now))
      break
    }
    case 'buy_out':
      attempt(life, 'bought out', () => keptEarly(life.plan, 'buy_out', now))
      break
    case 'offboard': {
      const rule = chance.pick(['return', 'buy_out', 'transfer'] as const)
      const paymentMethod = chance.percent(80) ? { id: 'pm_own', type: chance.pick(['card', 'sepa_debit']) } : null
      attempt(life, `offboarded, ${rule}`, () => offboarded(life.plan, { rule, paymentMethod }, now))
      break
    }
    default:
      wish satisfies never
  }
}

function exchangeDevice(life: Life): void {
  const { chance, plan, now } = life
  const step = chargeStep(plan.terms.currency)
  const monthly = step * Math.max(1, Math.floor(((monthlyOf(plan) / step) * chance.pick([10, 50, 100, 200])) / 100))
  const device = { ...leaseOf(plan).device, code: 'tablet', residual: step * chance.int(0, 1000) }
  const unit = newUnit(life)
  attempt(life, `exchanged for ${unit}, ${monthly} a month`, () => exchanged(life.plan, { unit, device, monthly }, now))
}

function newUnit({ facts }: Life): string {
  return `dev_${facts.length}`
}
