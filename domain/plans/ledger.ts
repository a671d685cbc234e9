import { MAX_AMOUNT, type Minor } from '../money.ts'
import type { Account, Entry } from './effects.ts'

/** What an entry is made of: a stable key, an amount above 0, words, and the transaction that moved the money, if any. */
export type Movement = { key: string; amount: Minor; description: string; transaction?: string | null }

/** Every account, in the order in which it is shown. */
export const ACCOUNTS: readonly Account[] = [
  'receivable',
  'income',
  'fees',
  'discounts',
  'cash',
  'write_offs',
  'payroll',
]

// Each moves `amount` from the second account to the first: debit one, credit the other. Keeps Ledger.

/** The customer owes more: a plan begins or its total is raised. */
export const owed = movement('receivable', 'income')
/** Of what was owed, a fee or a penalty stays when the rest of it is owed no longer. */
export const feeKept = movement('income', 'fees')
/** A discount lowers what is owed. */
export const discounted = movement('discounts', 'receivable')
/** Money came in. */
export const paid = movement('cash', 'receivable')
/** Money that had come in was taken back: a returned debit or a dispute. */
export const returned = movement('receivable', 'cash')
/** What is owed is given up. */
export const waived = movement('write_offs', 'receivable')
/** What was owed is not owed any more: adjusted down, or cancelled. */
export const noLongerOwed = movement('income', 'receivable')
/** A refund went out. */
export const moneyBack = movement('receivable', 'cash')
/** Taken from pay by the employer. */
export const deducted = movement('payroll', 'receivable')
/** An employer owes what it has taken from pay; or an employee gets back by pay what was taken. */
export const owedByPayroll = movement('receivable', 'payroll')

/** Undoes an entry by a new one with the opposite postings: entries are never changed. Keeps Ledger. */
export function reversed(entry: Entry, key: string, description: string): Entry {
  const postings = entry.postings.map(({ account, amount }) => ({ account, amount: -amount }))
  return { ...entry, key, description, postings }
}

/** What each account holds after these entries; debits positive, minor units. */
export function balances(entries: Pick<Entry, 'postings'>[]): Record<Account, Minor> {
  const held: Record<Account, Minor> = {
    receivable: 0,
    income: 0,
    fees: 0,
    discounts: 0,
    cash: 0,
    write_offs: 0,
    payroll: 0,
  }
  for (const { postings } of entries) {
    for (const { account, amount } of postings) held[account] += amount
  }
  return held
}

/** Throws a plain Error unless the entry has two postings or more, of whole amounts other than 0 that sum to 0. */
export function assertBalanced(entry: Pick<Entry, 'key' | 'postings'>): void {
  const { key, postings } = entry
  const whole = postings.every(({ amount }) => Number.isSafeInteger(amount) && amount !== 0)
  const total = postings.reduce((running, { amount }) => running + BigInt(whole ? amount : 1), 0n)
  if (postings.length < 2 || !whole || total !== 0n) throw new Error(`Entry ${key} does not balance`)
}

function movement(debit: Account, credit: Account): (of: Movement) => Entry {
  return ({ key, amount, description, transaction = null }) => {
    // A plain Error, not a broken rule: the caller has a bug, and its workflow is to wait until that is mended.
    if (!Number.isSafeInteger(amount) || amount <= 0 || amount > MAX_AMOUNT) {
      throw new Error(`Entry ${key} cannot move ${amount}`)
    }
    const postings = [
      { account: debit, amount },
      { account: credit, amount: -amount },
    ]
    return { write: 'entry', key, description, transaction, postings }
  }
}
