import { formatMoney } from '../../domain/money.ts'
import { whyMoved } from './why.ts'

const money = (amount: number) => formatMoney(amount, 'USD')

describe('why money moved', () => {
  it('is told from the inputs that were kept', () => {
    const why = {
      cause: 'retry',
      due_date: '2027-02-28',
      installment_amount: 10_000,
      already_paid: 2_500,
      total_amount: 120_000,
      discount_amount: 0,
    }
    expect(whyMoved({ why }, money)).toBe(
      'Tried again by the retry policy; due 28 Feb 2027; $100.00 by the schedule; less $25.00 paid before; of a total of $1,200.00',
    )
    expect(whyMoved({ why: { cause: 'one_off', parts: [{ installment: 2, amount: 500 }] } }, money)).toBe(
      'A payment outside the schedule; for instalment 2: $5.00',
    )
  })

  it('says so of what comes off pay', () => {
    const why = { cause: 'due', due_date: '2027-02-28' }
    expect(whyMoved({ why, gateway: 'payroll' }, money)).toBe('Deducted from pay on its due date; due 28 Feb 2027')
  })

  it('is nothing where nothing was kept, and never fails on what is not understood', () => {
    expect(whyMoved({ why: null }, money)).toBeNull()
    expect(whyMoved({ why: {} }, money)).toBeNull()
    expect(whyMoved({ why: { cause: 'new_cause', due_date: 7, parts: 'x' } }, money)).toBe('New cause')
  })
})
