import type { Decision } from '../plans/effects.ts'
import { exampleTerms, Played } from '../plans/example-plan.ts'
import { sum } from '../plans/figures.ts'
import type { ChargeOutcome } from '../plans/outcome.ts'
import { PAYROLL } from '../plans/plan.ts'
import type { Instant, Terms } from '../plans/terms.ts'
import { type LeasedDevice, type Payer, reminderDaysOf } from './lease.ts'
import { makeLease } from './make.ts'
import { delivered } from './order.ts'

/** Leases for tests of the rules, played without a server. */

type Asked = Partial<Terms> & {
  payer?: Payer
  waiver?: number
  total?: number
  residual?: number
  orderedAt?: Instant
}

export const PHONE: LeasedDevice = {
  code: 'phone',
  name: 'Phone',
  price: 150_000,
  subsidy: 15_000,
  residual: 15_000,
}

/**
 * A phone of 150000 less 15000 of subsidy and 15000 of residual value: 120000 in 12 by payroll, billed on the 15th at 09:00
 * UTC, ordered on 2027-01-11 at 10:00, unless said otherwise.
 */
export function exampleLease({
  payer = 'payroll',
  waiver = 0,
  total = 120_000,
  residual = PHONE.residual,
  orderedAt = '2027-01-11T10:00:00Z',
  ...terms
}: Asked = {}): Decision {
  return makeLease({
    id: 'ls_x',
    tenant: 'tn_1',
    customer: 'emp_1',
    client: 'cli_1',
    payer,
    device: { ...PHONE, residual },
    unit: 'dev_1',
    waiver,
    extensionPercent: 50,
    dispatchDays: 5,
    terms: exampleTerms({
      startDate: orderedAt.slice(0, 10),
      cancellation: { type: 'none' },
      reminderDays: reminderDaysOf(payer),
      ...terms,
    }),
    total,
    paymentMethod: payer === 'payroll' ? PAYROLL : { id: 'pm_1', type: 'card' },
    clock: null,
    now: orderedAt,
  })
}

export class PlayedLease extends Played {
  constructor(asked: Asked = {}, answers: Record<string, ChargeOutcome> = {}) {
    super({}, answers, exampleLease(asked))
  }

  /** Delivered on 2027-01-15 before the day's charge, unless said otherwise. */
  delivered(at: Instant = '2027-01-15T08:00:00Z'): this {
    this.to(at)
    this.says(delivered)
    return this
  }

  get lease() {
    const { lease } = this.plan
    if (!lease) throw new Error('No lease')
    return lease
  }

  /** Where a unit went, in order. */
  moves(unit = 'dev_1'): string[] {
    return this.effects.flatMap((e) => (e.write === 'unit' && e.unit === unit ? [e.to] : []))
  }

  /** Who was told of something, each time: `customer`, `client`, `back_office`. */
  toldTo(type: string): string[] {
    return this.effects.flatMap((e) => (e.write === 'notice' && e.type === type ? [e.to ?? 'customer'] : []))
  }

  deducted(): number {
    return sum(this.effects, (e) => (e.write === 'deduction' ? e.amount : 0))
  }

  resolutions(): string[] {
    return this.effects.flatMap((e) => (e.write === 'escalation_resolved' ? [e.resolution.action] : []))
  }

  /** What has to hold of amounts and ledger as long as the plan is not cancelled and no refund is under way. */
  adds(): boolean {
    const { plan } = this
    const forgiven = plan.refundedByAdjustment + plan.writeOffsByAdjustment + plan.overcharge
    const scheduled = sum(plan.installments, (i) => i.amount) - forgiven
    const unpaid = sum(plan.installments, (i) =>
      i.status === 'waived' || i.status === 'canceled' ? 0 : i.amount - i.paid,
    )
    return scheduled === plan.total - plan.terms.discount && this.accounts().receivable === unpaid
  }
}
