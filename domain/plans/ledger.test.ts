import fc from 'fast-check'
import {
  ACCOUNTS,
  assertBalanced,
  balances,
  discounted,
  feeKept,
  moneyBack,
  noLongerOwed,
  owed,
  paid,
  returned,
  reversed,
  waived,
} from './ledger.ts'

const of = (amount: number, key = 'k') => ({ key, amount, description: 'what happened' })
const empty = { receivable: 0, income: 0, fees: 0, discounts: 0, cash: 0, write_offs: 0, payroll: 0 }
const builders = { owed, feeKept, discounted, paid, returned, waived, noLongerOwed, moneyBack }

describe('entries', () => {
  it.each([
    ['owed', owed, { receivable: 100, income: -100 }],
    ['a fee', feeKept, { income: 100, fees: -100 }],
    ['discount', discounted, { discounts: 100, receivable: -100 }],
    ['paid', paid, { cash: 100, receivable: -100 }],
    ['returned', returned, { cash: -100, receivable: 100 }],
    ['waived', waived, { write_offs: 100, receivable: -100 }],
    ['no longer owed', noLongerOwed, { income: 100, receivable: -100 }],
    ['money back', moneyBack, { receivable: 100, cash: -100 }],
  ])('%s', (_name, build, expected) => {
    expect(balances([build(of(100))])).toEqual({ ...empty, ...expected })
  })

  it('carry key, words and transaction, debit first', () => {
    expect(paid({ key: 'txn_1/paid', amount: 5, description: 'Instalment 1', transaction: 'txn_1' })).toEqual({
      write: 'entry',
      key: 'txn_1/paid',
      description: 'Instalment 1',
      transaction: 'txn_1',
      postings: [
        { account: 'cash', amount: 5 },
        { account: 'receivable', amount: -5 },
      ],
    })
    expect(owed(of(5)).transaction).toBeNull()
  })

  it.each([0, -1, 0.5, Number.NaN, Number.MAX_SAFE_INTEGER + 1])('cannot move %d', (amount) => {
    for (const build of Object.values(builders)) expect(() => build(of(amount))).toThrow('cannot move')
  })

  it('always balance, and so does every sum of them', () => {
    const entry = fc
      .tuple(fc.constantFrom(...Object.values(builders)), fc.integer({ min: 1, max: 1_000_000_000 }))
      .map(([build, amount]) => build(of(amount)))
    fc.assert(
      fc.property(fc.array(entry, { maxLength: 50 }), (entries) => {
        for (const each of entries) expect(() => assertBalanced(each)).not.toThrow()
        const held = balances(entries)
        expect(Object.keys(held)).toEqual([...ACCOUNTS])
        expect(ACCOUNTS.reduce((total, account) => total + held[account], 0)).toBe(0)
      }),
    )
  })

  it('are undone by a new entry', () => {
    const entry = paid(of(700))
    const undone = reversed(entry, 'k/undone', 'It was not')
    expect(undone.key).toBe('k/undone')
    expect(balances([entry, undone])).toEqual(empty)
    expect(entry).toEqual(paid(of(700)))
  })
})

describe('a year in the books', () => {
  it('ends with nothing receivable and in cash what was kept: cancelled with a short-rate refund', () => {
    const { receivable, income, fees, cash } = balances([
      owed(of(120000)),
      paid(of(60000)),
      // Not earned any more but for a penalty, and then given back.
      noLongerOwed(of(120000 - 32877 - 8712)),
      feeKept(of(8712)),
      moneyBack(of(18411)),
    ])
    expect({ receivable, income, fees, cash }).toEqual({ receivable: 0, income: -32877, fees: -8712, cash: 41589 })
  })
})

describe('assertBalanced', () => {
  const entry = (...amounts: number[]) => ({
    key: 'k',
    postings: amounts.map((amount) => ({ account: 'cash' as const, amount })),
  })

  it.each([[[1]], [[]], [[1, -2]], [[0, 0]], [[0.5, -0.5]], [[Number.NaN, 1]], [[5, -2, -2]]])(
    'refuses %j',
    (amounts) => {
      expect(() => assertBalanced(entry(...amounts))).toThrow('does not balance')
    },
  )

  it('allows more than two postings', () => {
    expect(() => assertBalanced(entry(5, -2, -3))).not.toThrow()
  })
})
