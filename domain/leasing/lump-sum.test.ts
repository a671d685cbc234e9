import { cancel } from '../plans/cancel.ts'
import { nsf, processing } from '../plans/example-plan.ts'
import { pause } from '../plans/pause.ts'
import { pay } from '../plans/pay.ts'
import type { Plan } from '../plans/plan.ts'
import type { Instant } from '../plans/terms.ts'
import { exchanged, offboarded } from './change.ts'
import { endChosen, gone, keptEarly } from './end.ts'
import { PHONE, PlayedLease } from './example-lease.ts'
import type { EndChoice, OffboardingRule } from './lease.ts'

type Command = Parameters<PlayedLease['says']>[0]

const boughtOut = (plan: Plan, now: Instant) => keptEarly(plan, 'buy_out', now)
const lost = (plan: Plan, now: Instant) => gone(plan, 'lost', now)
const stolen = (plan: Plan, now: Instant) => gone(plan, 'stolen', now)
const leaves = (rule: OffboardingRule) => (plan: Plan, now: Instant) =>
  offboarded(plan, { rule, paymentMethod: { id: 'pm_own', type: 'card' } }, now)
const chooses = (choice: EndChoice['choice']) => (plan: Plan) =>
  endChosen(plan, choice === 'extend' ? { choice, months: 2 } : { choice })
const withFee = { cancellation: { type: 'none' as const, fee: 5_000, collectBalance: true } }

/** What the employer was told of amounts besides the months, in order: why, how much, on which day. */
function lumps(p: PlayedLease) {
  return p.effects.flatMap((e) =>
    e.write === 'notice' && e.type === 'lease.lump_sum'
      ? [[e.to, e.data.lump_sum, e.data.amount, e.data.deducted_on]]
      : [],
  )
}
const told = (why: string, amount: number, on: string | null) => ['client', why, amount, on]

describe('what comes off pay besides the months is told to the employer, once', () => {
  it.each<[string, Command, ConstructorParameters<typeof PlayedLease>[0], unknown[]]>([
    ['bought out early', boughtOut, {}, [told('bought_out', 105_000, '2027-03-20')]],
    ['bought out as its employee leaves', leaves('buy_out'), {}, [told('offboarding', 105_000, '2027-03-20')]],
    ['lost', lost, {}, [told('lost', 105_000, '2027-03-20')]],
    ['stolen', stolen, {}, [told('stolen', 105_000, '2027-03-20')]],
    ['stolen, at home in another zone', stolen, { timezone: 'Asia/Tokyo' }, [told('stolen', 105_000, '2027-03-21')]],
    ['ended early, with a fee', cancel, withFee, [told('early_end', 5_000, '2027-03-20')]],
    ['ended by its employee leaving, with a fee', leaves('return'), withFee, [told('early_end', 5_000, '2027-03-20')]],
    ['bought at the end', chooses('buy_out'), {}, [told('term_end', 15_000, '2028-01-15')]],
    ['lost, and covered', lost, { waiver: 6_000 }, []],
    ['ended early, without a fee', cancel, {}, []],
    ['transferred', leaves('transfer'), {}, []],
    ['returned at the end', chooses('return'), {}, []],
    ['extended at the end', chooses('extend'), {}, []],
    ['bought at the end for nothing', chooses('buy_out'), { residual: 0 }, []],
  ])('%s', (_, command, asked, expected) => {
    const p = new PlayedLease(asked).delivered().to('2027-03-20')
    p.says(command)
    p.to('2028-04-01')
    expect(lumps(p)).toEqual(expected)
  })

  it.each([
    ['buy_out', boughtOut],
    ['lost', lost],
    ['fee', cancel],
    ['end', chooses('buy_out')],
  ] as const)('nothing of it when the employee pays: %s', (_, command) => {
    const p = new PlayedLease({ payer: 'employee', ...withFee }).delivered().to('2027-03-20')
    p.says<ReturnType<Command>>(command)
    expect(lumps(p.to('2028-02-01'))).toEqual([])
  })
})

describe('what was told of the end of the term', () => {
  const chosen = () => {
    const p = new PlayedLease().delivered().to('2027-03-20')
    p.says(chooses('buy_out'))
    return p
  }
  const first = told('term_end', 15_000, '2028-01-15')
  const withdrawn = told('withdrawn', 15_000, '2028-01-15')

  it.each<[string, Command, unknown[]]>([
    ['chosen again the same', chooses('buy_out'), []],
    ['to be returned after all', chooses('return'), [withdrawn]],
    ['to be extended after all', chooses('extend'), [withdrawn]],
    ['cancelled', cancel, [withdrawn]],
    ['lost', lost, [told('lost', 105_000, '2027-03-20'), withdrawn]],
    ['bought out before', boughtOut, [told('bought_out', 105_000, '2027-03-20'), withdrawn]],
    ['exchanged', exchange(20_000), [withdrawn, told('term_end', 20_000, '2028-01-15')]],
    ['exchanged for a device of the same residual value', exchange(15_000), []],
  ])('is put right, when it is not so any more: %s', (_, command, expected) => {
    const p = chosen()
    p.says(command)
    expect(lumps(p)).toEqual([first, ...expected])
  })

  it.each([[null], ['2028-02-20T00:00:00Z']])('waits for the end of a pause, which may be %s', (until) => {
    const p = chosen().to('2028-01-10')
    p.says((plan, now) => pause(plan, { mode: 'extend', until }, now))
    expect(lumps(p.to('2028-01-20'))).toEqual([first, withdrawn, told('term_end', 15_000, null)])
  })
})

it('months to come that the employee had paid for, and the payment failed after the device was lost', () => {
  const p = new PlayedLease({}, { p1: processing }).delivered().to('2027-01-20')
  p.says((plan, now) => pay(plan, { amount: 10_000, paymentMethod: { id: 'pm_2', type: 'card' } }, now))
  p.says(lost)
  p.oneOffSettles(1, nsf)
  expect(lumps(p)).toEqual([told('lost', 115_000, '2027-01-20'), told('months_to_come', 10_000, '2027-01-20')])
})

function exchange(residual: number): Command {
  const device = { ...PHONE, code: 'tablet', name: 'Tablet', residual }
  return (plan, now) => exchanged(plan, { unit: 'dev_2', device, monthly: 14_000 }, now)
}
