import { civilOf } from '../../domain/calendar.ts'
import { isLease, type LeasePlan } from '../../domain/leasing/lease.ts'
import { unitStatusOf } from '../../domain/leasing/unit.ts'
import { sum } from '../../domain/plans/figures.ts'
import type { Life } from './life.ts'

/** What must hold of a lease after every fact, besides what holds of every plan (keeps Leasing). */
export function leaseHolds(life: Life): void {
  const { plan, books } = life
  if (!isLease(plan)) {
    if (books.units.size > 0 || books.deductions.size > 0) life.broken('A unit or a deduction of what is no lease')
    return
  }
  const { unit } = plan.lease
  const wanted = unitStatusOf(plan)
  const is = books.units.get(unit)
  if (wanted === null ? is === 'reserved' || is === 'leased' || is === 'sold' : is !== wanted)
    life.broken(`Unit ${unit} is ${is}, the lease says ${wanted}`)
  for (const [other, status] of books.units)
    if (other !== unit && status !== 'maintenance') life.broken(`Unit ${other} is ${status}, and the lease has ${unit}`)
  if (life.unlearned === 0) deductionsHold(life)
  chargesHold(life, plan)
}

/** The account `payroll` is what was deducted less what was credited, line by line. */
function deductionsHold(life: Life): void {
  const { books } = life
  const deducted = sum([...books.deductions.values()], (amount) => amount)
  if (books.accounts.payroll !== deducted)
    life.broken(`Payroll is ${books.accounts.payroll}, the lines come to ${deducted}`)
  for (const row of books.rows.values()) {
    const line = books.deductions.get(row.id) ?? 0
    const moved = row.gateway === 'payroll' && row.status === 'succeeded' ? row.amount : 0
    const should = row.type === 'charge' ? moved : -moved
    if (line !== should) life.broken(`${row.id} has a line of ${line}, not ${should}`)
  }
}

function chargesHold(life: Life, { lifecycle, installments, lease, terms }: LeasePlan): void {
  const isOrdered = lifecycle === 'init' || lifecycle === 'dispatched' || lifecycle === 'terminated'
  if (isOrdered && (life.books.rows.size > 0 || installments.some((i) => i.attempts > 0 || i.open)))
    life.broken('Charged before it was delivered')
  if (lease.ended && lease.toCome === 'forgiven' && lifecycle === 'active') {
    // What had been due by then stays owed.
    const day = civilOf(lease.ended.at, terms.timezone)
    const left = installments.find((i) => i.status === 'scheduled' && i.atOnce === null && i.dueDate >= day)
    if (left && !life.running.size) life.broken(`Instalment ${left.number} is still to come, and was forgiven`)
  }
  if (installments.filter((i) => i.atOnce === null).length !== terms.count && lease.toCome === null)
    life.broken('Another number of months than agreed')
}

/** At the end nobody holds the unit: it is free, to be checked in, gone, or sold for money. */
export function leaseIsOver(life: Life): void {
  const { plan, books } = life
  if (!isLease(plan)) return
  const { ended, sold, unit } = plan.lease
  if (ended === null) life.broken('Ended, and what became of the device is not known')
  if (sold !== (plan.lifecycle === 'completed' && ended?.how === 'buy_out') && plan.lifecycle !== 'canceled')
    life.broken(`Bought out, and not sold, or the reverse: ${unit}`)
  for (const [id, status] of books.units)
    if (status === 'reserved' || status === 'leased') life.broken(`Ended, and ${id} is ${status}`)
}
