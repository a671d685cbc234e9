import { adjust } from '../plans/adjust.ts'
import { cancel } from '../plans/cancel.ts'
import type { Effect } from '../plans/effects.ts'
import { pause } from '../plans/pause.ts'
import { pay } from '../plans/pay.ts'
import type { Plan } from '../plans/plan.ts'
import type { Instant } from '../plans/terms.ts'
import { exchanged, offboarded, waiverAdded } from './change.ts'
import { endChosen, gone, keptEarly } from './end.ts'
import { PHONE, PlayedLease } from './example-lease.ts'
import { outOfStock } from './order.ts'

const TABLET = { ...PHONE, code: 'tablet', name: 'Tablet' }
const CARD = { id: 'pm_own', type: 'card' }
type Says = (plan: Plan, now: Instant) => ReturnType<typeof gone>

const leaves =
  (rule: 'return' | 'buy_out' | 'transfer'): Says =>
  (plan, now) =>
    offboarded(plan, { rule, paymentMethod: CARD }, now)
const exchange =
  (monthly: number): Says =>
  (plan, now) =>
    exchanged(plan, { unit: 'dev_2', device: TABLET, monthly }, now)

/** What was listed, in words: `changed 2027-03-20 Phone 10000 -> 12000`. */
function listed(p: PlayedLease): string[] {
  return p.effects.flatMap((e) => {
    if (e.write !== 'lease_change') return []
    const device = e.previousDevice === null ? e.device.name : `${e.previousDevice} -> ${e.device.name}`
    const monthly = [e.previousMonthly, e.monthly].filter((amount) => amount !== null).join(' -> ')
    return [[e.change, e.date, device, monthly, e.how].filter(Boolean).join(' ')]
  })
}

const BEGAN = 'began 2027-01-15 Phone 10000'

describe('what a statement lists of a lease', () => {
  const rows: [what: string, done: Says, expected: string[]][] = [
    [
      'adjusted',
      (plan, now) => adjust(plan, { totalAmount: 138_000 }, now),
      ['changed 2027-03-20 Phone 10000 -> 12000'],
    ],
    ['adjusted to what it is', (plan, now) => adjust(plan, { totalAmount: 120_000 }, now), []],
    ['covered', (plan, now) => waiverAdded(plan, { monthly: 500 }, now), ['changed 2027-03-20 Phone 10000 -> 10500']],
    [
      'exchanged',
      exchange(14_000),
      ['changed 2027-03-20 Tablet 10000 -> 14000', 'changed 2027-03-20 Phone -> Tablet 10000 -> 14000'],
    ],
    ['exchanged at the same amount', exchange(10_000), ['changed 2027-03-20 Phone -> Tablet 10000 -> 10000']],
    ['cancelled', (plan, now) => cancel(plan, now), ['ended 2027-03-20 Phone 10000 canceled']],
    ['lost', (plan, now) => gone(plan, 'lost', now), ['ended 2027-03-20 Phone 10000 lost']],
    ['stolen', (plan, now) => gone(plan, 'stolen', now), ['ended 2027-03-20 Phone 10000 stolen']],
    ['bought early', (plan, now) => keptEarly(plan, 'buy_out', now), ['ended 2027-03-20 Phone 10000 buy_out']],
    ['of one who leaves: returned', leaves('return'), ['ended 2027-03-20 Phone 10000 canceled']],
    ['of one who leaves: transferred', leaves('transfer'), ['ended 2027-03-20 Phone 10000 transfer']],
  ]
  it.each(rows)('%s', (_, done, expected) => {
    const p = new PlayedLease().delivered().to('2027-03-20')
    p.says(done)
    expect(listed(p)).toEqual([BEGAN, ...expected])
  })

  it('lost and covered: what the months cost that are owed no longer', () => {
    const p = new PlayedLease({ waiver: 12_000, total: 132_000 }).delivered().to('2027-03-20')
    p.says((plan, now) => gone(plan, 'lost', now))
    expect(listed(p).at(-1)).toBe('ended 2027-03-20 Phone 11000 lost')
  })

  it('nothing more once it has ended, though months are still to be deducted', () => {
    const p = new PlayedLease().delivered().to('2027-03-20')
    p.says((plan, now) => pause(plan, { mode: 'extend', until: '2027-06-20T00:00:00Z' }, now))
    p.to('2028-01-20')
    const before = listed(p)
    p.says((plan, now) => adjust(plan, { totalAmount: 121_000 }, now))
    expect([before.at(-1), listed(p)]).toEqual(['ended 2028-01-15 Phone 10000 return', before])
  })

  it('an order that was never delivered neither began nor ended', () => {
    const canceled = new PlayedLease().to('2027-01-12')
    canceled.says((plan, now) => cancel(plan, now))
    const left = new PlayedLease().to('2027-01-12')
    left.says(leaves('transfer'))
    const terminated = new PlayedLease().to('2027-01-12')
    terminated.says((plan, now) => outOfStock(plan, { substitute: null }, now))
    for (const p of [canceled, left, terminated]) expect([p.lease.ended === null, listed(p)]).toEqual([false, []])
  })

  it('the end of the term, by what was chosen', () => {
    const returned = new PlayedLease().delivered().to('2028-02-01')
    expect(listed(returned)).toEqual([BEGAN, 'ended 2028-01-15 Phone 10000 return'])
    const bought = new PlayedLease().delivered()
    bought.says((plan) => endChosen(plan, { choice: 'buy_out' }))
    expect(listed(bought.to('2028-02-01'))).toEqual([BEGAN, 'ended 2028-01-15 Phone 10000 buy_out'])
    const extended = new PlayedLease().delivered()
    extended.says((plan) => endChosen(plan, { choice: 'extend', months: 2 }))
    expect(listed(extended.to('2028-04-01'))).toEqual([
      BEGAN,
      'changed 2028-01-15 Phone 10000 -> 5000',
      'ended 2028-03-15 Phone 5000 return',
    ])
  })

  it('an end, once, whatever becomes of it after that', () => {
    const transferred = new PlayedLease().delivered().to('2027-03-20')
    transferred.says(leaves('transfer'))
    expect(listed(transferred.to('2028-02-01'))).toHaveLength(2)
    // Cancelled while its residual value is unpaid, it is to come back.
    const p = new PlayedLease().delivered().to('2027-03-20')
    const bought = keptEarly(p.plan, 'buy_out', p.now)
    const canceled = cancel(bought.plan, p.now)
    const kinds = (effects: readonly Effect[]) => effects.filter(({ write }) => write === 'lease_change').length
    expect([kinds(bought.effects), kinds(canceled.effects), canceled.plan.lease?.ended?.how]).toEqual([
      1,
      0,
      'canceled',
    ])
  })

  it('a month of which something is paid ahead is not what a month costs', () => {
    const p = new PlayedLease().delivered().to('2027-03-20')
    p.says((plan, now) => pay(plan, { amount: 4_000, paymentMethod: CARD }, now))
    p.to('2027-03-21')
    p.says((plan, now) => cancel(plan, now))
    expect(listed(p).at(-1)).toBe('ended 2027-03-21 Phone 10000 canceled')
  })

  it('nothing of one that its employee pays', () => {
    const p = new PlayedLease({ payer: 'employee' }).delivered().to('2027-03-20')
    p.says(exchange(14_000))
    p.says((plan, now) => cancel(plan, now))
    expect(listed(p)).toEqual([])
  })
})
