import { cancel, cancellationFiguredAgain, cancellationQuote } from '../plans/cancel.ts'
import { statusOf } from '../plans/figures.ts'
import { changePaymentMethod } from '../plans/method.ts'
import type { Plan } from '../plans/plan.ts'
import { type Resolving, resolve } from '../plans/resolve.ts'
import type { CancellationTerms, Instant } from '../plans/terms.ts'
import { nextWake } from '../plans/time.ts'
import { exampleLease, PlayedLease } from './example-lease.ts'
import { delivered, dispatched, neverHadUnit, opened, outOfStock } from './order.ts'

const sent = (p: PlayedLease) => p.says((plan, now) => dispatched(plan, { tracking: 'T1' }, now))
const without = (substitute: string | null) => (plan: Plan, now: Instant) => outOfStock(plan, { substitute }, now)
const ESCALATION = 'esc_x_order'
const settling = (action: Resolving['action']) => (plan: Plan, now: Instant) =>
  resolve(plan, { escalation: ESCALATION, action, reference: 'R1', note: 'asked', by: 'bea' }, now)

describe('an order', () => {
  it('reserves a unit, tells the back office to dispatch it, and charges nothing', () => {
    const p = new PlayedLease().to('2027-01-15')
    expect([p.plan.kind, p.plan.lifecycle, p.moves(), p.charges]).toEqual(['lease', 'init', ['reserved'], []])
    expect([p.toldTo('lease.created'), p.toldTo('dispatch.wanted')]).toEqual([['customer', 'client'], ['back_office']])
    expect(p.told('terms.created')).toEqual([])
  })

  it('whose unit has gone before it is on record is of another one, and nobody hears of the first', () => {
    const { plan, effects } = opened(exampleLease(), 'dev_2')
    expect([plan.lifecycle, plan.lease?.unit, neverHadUnit(plan)]).toEqual(['init', 'dev_2', false])
    expect(JSON.stringify(effects)).not.toContain('dev_1')
    expect(effects).toContainEqual({ write: 'unit', unit: 'dev_2', to: 'reserved', lease: 'ls_x' })
    expect(opened(exampleLease(), 'dev_1')).toEqual(exampleLease())
  })

  it('for which there is no unit from the first is terminated, with nothing owed and no unit', () => {
    const { plan, effects } = opened(exampleLease(), null)
    expect([plan.lifecycle, statusOf(plan), neverHadUnit(plan)]).toEqual(['terminated', 'terminated', true])
    const entries = effects.flatMap((effect) => (effect.write === 'entry' ? effect.postings : []))
    const receivable = entries.filter(({ account }) => account === 'receivable')
    expect(receivable.map(({ amount }) => amount)).toEqual([120_000, -120_000])
    expect(effects.filter(({ write }) => write === 'unit')).toEqual([])
    const told = effects.flatMap((effect) =>
      effect.write === 'notice' ? `${effect.to ?? 'customer'} ${effect.type}` : [],
    )
    expect(told.sort()).toEqual(['back_office', 'client', 'customer'].map((whom) => `${whom} lease.terminated`))
    const later = new PlayedLease().to('2027-01-12').says(without(null))
    expect([later.plan.lifecycle, neverHadUnit(later.plan)]).toEqual(['terminated', false])
  })

  it('is dispatched, then delivered: the term starts that day', () => {
    const p = new PlayedLease().to('2027-01-12')
    sent(p)
    expect([p.plan.lifecycle, p.toldTo('lease.dispatched'), p.moves()]).toEqual([
      'dispatched',
      ['customer'],
      ['reserved'],
    ])
    p.delivered('2027-01-20T18:00:00Z')
    expect([p.plan.lifecycle, p.moves(), p.toldTo('lease.delivered')]).toEqual([
      'active',
      ['reserved', 'leased'],
      ['customer', 'client'],
    ])
    expect([p.plan.terms.startDate, p.plan.terms.endDate, p.installment(1).dueDate, p.installment(12).dueDate]).toEqual(
      ['2027-01-20', '2028-01-20', '2027-02-15', '2028-01-15'],
    )
    p.to('2027-02-15')
    expect(p.charges).toEqual(['2027-02-15T09:00:00Z 1_1 10000'])
  })

  it.each([
    ['2027-01-31T08:00:00Z', 31, 3, '2027-04-30', ['2027-01-31', '2027-02-28', '2027-03-31']],
    ['2028-02-29T08:00:00Z', 30, 12, '2029-02-28', ['2028-02-29', '2028-03-30', '2028-04-30']],
    ['2028-02-29T08:00:00Z', 1, 1, '2028-03-29', ['2028-03-01']],
    ['2027-01-15T08:00:00Z', 14, 2, '2027-03-15', ['2027-02-14', '2027-03-14']],
  ] as const)('delivered %s, billed on the %d: %d months end on %s', (at, day, termMonths, endDate, due) => {
    const orderedAt = `${at.slice(0, 8)}05T00:00:00Z`
    const p = new PlayedLease({ orderedAt, termMonths, cadence: { every: 'month', day } }).delivered(at)
    expect([p.plan.terms.endDate, p.plan.installments.slice(0, 3).map((i) => i.dueDate)]).toEqual([endDate, due])
  })

  it('delivered after the billing time of a billing day, the first is charged at once', () => {
    const p = new PlayedLease().delivered('2027-01-15T12:00:00Z')
    expect(p.charges).toEqual(['2027-01-15T12:00:00Z 1_1 10000'])
  })

  it('is reminded of from the delivery on, not of what is nearer than the reminder', () => {
    const p = new PlayedLease({ payer: 'employee' }).delivered('2027-01-13T00:00:00Z').to('2027-02-20')
    expect(p.told('payment.reminder').map((e) => 'key' in e && e.key)).toEqual(['reminder:2:2027-02-15'])
  })

  it('does nothing of itself but what its order does', () => {
    const { plan } = new PlayedLease({ payer: 'employee', orderedAt: '2027-01-01T10:00:00Z' })
    expect(nextWake(plan, plan.createdAt)).toBe('2027-01-06T09:00:00Z')
  })

  it('may be delivered without having been dispatched, but nothing twice and nothing backwards', () => {
    const p = new PlayedLease().delivered()
    expect(p.lease.order.dispatchedAt).toBe('2027-01-15T08:00:00Z')
    for (const command of [delivered, without(null)])
      expect(() => command(p.plan, p.now)).toThrow(expect.objectContaining({ code: 'lease_step_wrong' }))
    expect(() => sent(p)).toThrow(expect.objectContaining({ code: 'lease_step_wrong' }))
  })
})

describe('out of stock after all', () => {
  it('another unit is reserved, and the missing one is looked for', () => {
    const p = new PlayedLease()
    p.says(without('dev_2'))
    expect([p.plan.lifecycle, p.lease.unit, p.moves(), p.moves('dev_2')]).toEqual([
      'init',
      'dev_2',
      ['reserved', 'maintenance'],
      ['reserved'],
    ])
    expect(p.toldTo('dispatch.wanted')).toEqual(['back_office', 'back_office'])
    p.delivered()
    expect(p.moves('dev_2')).toEqual(['reserved', 'leased'])
  })

  it('the unit that is missing is no substitute for itself', () => {
    const { plan, now } = new PlayedLease()
    expect(() => without('dev_1')(plan, now)).toThrow(expect.objectContaining({ code: 'invalid_request' }))
  })

  it('without another one the lease is terminated, everybody is told, nothing is owed or charged', () => {
    const p = new PlayedLease().to('2027-01-20')
    p.says(without(null))
    p.to('2028-06-01')
    expect([p.plan.lifecycle, p.moves(), p.charges, p.accounts().receivable]).toEqual([
      'terminated',
      ['reserved', 'maintenance'],
      [],
      0,
    ])
    expect(p.toldTo('lease.terminated')).toEqual(['customer', 'client', 'back_office'])
    expect([p.resolutions(), p.lease.ended?.how, nextWake(p.plan, p.now)]).toEqual([['withdrawn'], 'terminated', null])
    expect(() => cancel(p.plan, p.now)).toThrow(expect.objectContaining({ code: 'plan_not_active' }))
    expect(() => changePaymentMethod(p.plan, { id: 'pm_2', type: 'card' })).toThrow()
  })
})

describe('an order that is not dispatched', () => {
  it('the back office is reminded on the day, a broker told on the next', () => {
    const p = new PlayedLease().to('2027-01-16T08:59:59Z')
    expect(p.toldTo('dispatch.overdue')).toEqual([])
    p.to('2027-01-16T09:00:00Z')
    expect([p.toldTo('dispatch.overdue'), p.lease.order.escalation]).toEqual([['back_office'], null])
    p.to('2027-01-17T09:00:00Z').to('2027-03-01')
    expect([p.toldTo('dispatch.overdue'), p.lease.order.escalation]).toEqual([['back_office'], ESCALATION])
    expect(p.told('escalation')).toEqual([expect.objectContaining({ reason: 'not_dispatched', amount: 0 })])
    expect(statusOf(p.plan)).toBe('init')
  })

  it('after an outage both at once, each once', () => {
    const p = new PlayedLease().awayUntil('2027-02-01T00:00:00Z').to('2027-03-01')
    expect([p.toldTo('dispatch.overdue'), p.told('escalation').length]).toEqual([['back_office'], 1])
  })

  it('dispatched in time, nobody is reminded', () => {
    const p = new PlayedLease().to('2027-01-16T08:00:00Z')
    sent(p)
    p.to('2027-03-01')
    expect([p.toldTo('dispatch.overdue'), p.told('escalation')]).toEqual([[], []])
  })

  it.each([
    ['dispatched', sent, 'dispatched'],
    ['delivered', (p: PlayedLease) => p.says(delivered), 'dispatched'],
    ['cancelled', (p: PlayedLease) => p.says(cancel), 'plan_canceled'],
  ] as const)('%s, its escalation is closed', (_, step, resolution) => {
    const p = new PlayedLease().to('2027-01-20')
    step(p)
    expect([p.resolutions(), p.lease.order.escalation]).toEqual([[resolution], null])
  })

  it('a broker has the back office reminded again, and it stays open', () => {
    const p = new PlayedLease().to('2027-01-20')
    p.says(settling('retry'))
    expect([p.toldTo('dispatch.overdue'), p.resolutions(), p.told('escalation.retried').length]).toEqual([
      ['back_office', 'back_office'],
      [],
      1,
    ])
    sent(p)
    expect(p.resolutions()).toEqual(['dispatched'])
  })

  it('a broker cancels the order in their own name', () => {
    const p = new PlayedLease().to('2027-01-20')
    p.says(settling('cancel_plan'))
    expect([p.plan.lifecycle, p.resolutions(), p.moves()]).toEqual([
      'canceled',
      ['cancel_plan'],
      ['reserved', 'available'],
    ])
    expect(() => settling('retry')(p.plan, p.now)).toThrow(expect.objectContaining({ code: 'escalation_resolved' }))
  })

  it.each(['mark_paid', 'waive'] as const)('cannot be settled by %s: nothing is owed yet', (action) => {
    const { plan, now } = new PlayedLease().to('2027-01-20')
    expect(() => settling(action)(plan, now)).toThrow(expect.objectContaining({ code: 'action_not_allowed' }))
  })
})

describe('cancelled before its device is delivered', () => {
  const terms: CancellationTerms[] = [
    { type: 'none', fee: 500 },
    { type: 'full', fee: 500 },
    { type: 'pro_rata', fee: 500 },
    { type: 'short_rate', penaltyPercent: 50 },
    { type: 'tiered', tiers: [{ fromDay: 0, refundPercent: 0 }] },
  ]
  it.each(terms)('costs nothing, whatever the terms: $type', (cancellation) => {
    for (const step of [() => {}, sent]) {
      const p = new PlayedLease({ cancellation: { ...cancellation, collectBalance: true } }).to('2027-04-01')
      step(p)
      const quoted = cancellationQuote(p.plan, p.now).cancellation
      p.says(cancel)
      p.to('2028-06-01')
      expect(quoted).toMatchObject({ earned: 0, fee: 0, penalty: 0, refund: 0, balance: 0 })
      expect([p.plan.lifecycle, p.charges, p.plan.balance, p.accounts().receivable, p.accounts().fees]).toEqual([
        'canceled',
        [],
        null,
        0,
        0,
      ])
      expect(cancellationFiguredAgain(p.plan, p.now).plan).toEqual(p.plan)
    }
  })

  it('the unit is free again; one on its way when it has come back', () => {
    const reserved = new PlayedLease()
    reserved.says(cancel)
    const onItsWay = new PlayedLease()
    sent(onItsWay)
    onItsWay.says(cancel)
    expect([reserved.moves(), onItsWay.moves()]).toEqual([
      ['reserved', 'available'],
      ['reserved', 'maintenance'],
    ])
    expect([reserved.toldTo('terms.canceled'), reserved.toldTo('lease.ended')]).toEqual([
      ['customer'],
      ['client', 'back_office'],
    ])
  })
})
