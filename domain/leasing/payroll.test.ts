import { addMonthsClamped } from '../calendar.ts'
import { adjust } from '../plans/adjust.ts'
import { pause, resume } from '../plans/pause.ts'
import type { Pause } from '../plans/plan.ts'
import { endChosen } from './end.ts'
import { PlayedLease } from './example-lease.ts'
import type { EndChoice } from './lease.ts'
import { comingDeductions } from './payroll.ts'

const month = (from: string) => ({ from: `${from}-01`, before: addMonthsClamped(`${from}-01`, 1) })
const in2027 = Array.from({ length: 14 }, (_, k) => addMonthsClamped('2027-01-01', k).slice(0, 7))
const coming = (p: PlayedLease, of: string) =>
  comingDeductions(p.plan, month(of)).map(({ installment, date }) => `${date} ${installment}`)

/** Three months are deducted, and then it pauses. */
function paused(mode: Pause['mode'], until: string | null): PlayedLease {
  const p = new PlayedLease().delivered().to('2027-03-20')
  p.says((plan, now) => pause(plan, { mode, until }, now))
  return p
}

function chosen(choice: EndChoice): PlayedLease {
  const p = new PlayedLease().delivered().to('2027-03-20')
  p.says((plan) => endChosen(plan, choice))
  return p
}

describe('what a payroll is to deduct in a month', () => {
  type Row = [what: string, p: PlayedLease, months: Record<string, string[]>]
  const rows: Row[] = [
    [
      'as scheduled',
      new PlayedLease().delivered().to('2027-03-20'),
      { '2027-03': [], '2027-04': ['2027-04-15 4'], '2028-01': [] },
    ],
    [
      'caught up after a pause: in the month in which it ends, one a day, and no more in their own',
      paused('catch_up', '2027-06-20T00:00:00Z'),
      {
        '2027-04': [],
        '2027-05': [],
        '2027-06': ['2027-06-20 4', '2027-06-21 5', '2027-06-22 6'],
        '2027-07': ['2027-07-15 7'],
      },
    ],
    [
      'caught up across the end of a month',
      paused('catch_up', '2027-05-31T00:00:00Z'),
      { '2027-04': [], '2027-05': ['2027-05-31 4'], '2027-06': ['2027-06-01 5', '2027-06-15 6'] },
    ],
    [
      'moved behind the last one',
      paused('extend', '2027-06-20T00:00:00Z'),
      { '2027-04': [], '2027-06': [], '2027-07': ['2027-07-15 7'], '2028-01': ['2028-01-15 4'] },
    ],
    [
      'an extension that was chosen for the end of the term',
      chosen({ choice: 'extend', months: 3 }),
      { '2027-12': ['2027-12-15 12'], '2028-01': ['2028-01-15 13'], '2028-02': ['2028-02-15 14'], '2028-04': [] },
    ],
    ['a buy-out', chosen({ choice: 'buy_out' }), { '2027-12': ['2027-12-15 12'], '2028-01': ['2028-01-15 13'] }],
    ['a pause whose end is not known', paused('catch_up', null), Object.fromEntries(in2027.map((of) => [of, []]))],
    ['the same, to be moved', paused('extend', null), Object.fromEntries(in2027.map((of) => [of, []]))],
  ]
  it.each(rows)('%s', (_, p, months) => {
    for (const [of, expected] of Object.entries(months)) expect([of, coming(p, of)]).toEqual([of, expected])
  })

  it('once a pause of unknown end is over, the months are known', () => {
    const p = paused('catch_up', null).to('2027-05-30T06:00:00Z')
    p.says(resume)
    expect([coming(p, '2027-04'), coming(p, '2027-05'), coming(p, '2027-06')]).toEqual([
      [],
      ['2027-05-30 4', '2027-05-31 5'],
      ['2027-06-15 6'],
    ])
  })

  it('what is due at once, with what is left of it', () => {
    const p = new PlayedLease({ adjustmentPolicy: 'catch_up' }).delivered().to('2027-03-20')
    const plan = adjust(p.plan, { totalAmount: 144_000 }, p.now).plan
    expect(comingDeductions(plan, month('2027-03'))).toEqual([{ installment: 13, amount: 6_000, date: '2027-03-20' }])
  })

  it.each([
    ['catch_up', '2027-06-20T00:00:00Z'],
    ['catch_up', '2027-04-30T18:00:00Z'],
    ['catch_up', '2028-03-20T00:00:00Z'],
    ['extend', '2027-06-20T00:00:00Z'],
    ['extend', '2028-03-20T00:00:00Z'],
  ] as const)('%s until %s: what was said of each month is what is deducted in it', (mode, until) => {
    const p = paused(mode, until)
    const months = Array.from({ length: 30 }, (_, k) => addMonthsClamped('2027-03-21', k))
    const said = months.flatMap((of) => comingDeductions(p.plan, { from: of, before: addMonthsClamped(of, 1) }))
    const before = p.effects.length
    p.to('2029-09-21')
    const deducted = p.effects
      .slice(before)
      .flatMap((e) => (e.write === 'deduction' ? [{ installment: e.installment, amount: e.amount, date: e.date }] : []))
    expect(deducted).toHaveLength(9)
    expect(said).toEqual(deducted)
  })
})
