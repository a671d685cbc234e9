import type { EntityManager } from '@mikro-orm/postgresql'
import type { ProofFacts, ProofTransaction } from '../../domain/plans/proof-facts.ts'
import { Customers } from '../customers/customers.ts'
import { PayrollDeductions } from '../leasing/statements.ts'
import { Devices } from '../leasing/stock.ts'
import { type EscalationRow, Escalations } from './escalations.ts'
import { type InstallmentRow, Installments } from './installments.ts'
import { JournalEntries, Postings } from './ledger.ts'
import { type NotificationRow, Notifications } from './notifications.ts'
import { type PlanRow, Plans } from './plans.ts'
import { Receipts } from './receipts.ts'
import { planOf } from './rows.ts'
import { type TransactionRow, Transactions } from './transactions.ts'

/** What the database knows for the proof of a plan; `gatewayCustomer` is whom to ask the gateway about. */
export type RecordedFacts = Omit<ProofFacts, 'workflow' | 'gateway'> & {
  row: PlanRow
  gatewayCustomer: string | null
}

/** Everything that is recorded of a plan, as of one moment. Null when there is no such plan. */
export async function recordedFacts(em: EntityManager, planId: string): Promise<RecordedFacts | null> {
  return em.fork().transactional(
    async (tx) => {
      const row = await tx.findOne(Plans, { id: planId })
      return row && factsOf(tx, row)
    },
    { isolationLevel: 'repeatable read', readOnly: true },
  )
}

async function factsOf(em: EntityManager, row: PlanRow): Promise<RecordedFacts> {
  const planId = row.id
  const customer = await em.findOne(Customers, { tenantId: row.tenantId, id: row.customerId })
  const installments = await em.find(Installments, { planId }, { orderBy: { number: 'asc' } })
  const transactions = await em.find(Transactions, { planId }, { orderBy: { createdAt: 'asc', id: 'asc' } })
  const entries = await em.find(JournalEntries, { planId }, { orderBy: { position: 'asc' } })
  const postings = await em.find(Postings, { entryId: { $in: entries.map(({ id }) => id) } })
  const postingsOf = Map.groupBy(postings, ({ entryId }) => entryId)
  const receipts = await em.find(Receipts, { planId }, { orderBy: { number: 'asc' } })
  const notices = await em.find(Notifications, { planId }, { orderBy: { createdAt: 'asc', id: 'asc' } })
  const escalations = await em.find(Escalations, { planId }, { orderBy: { openedAt: 'asc', id: 'asc' } })
  return {
    row,
    gatewayCustomer: customer?.gatewayCustomerId ?? null,
    plan: planOf(row, installments),
    figures: figuresOf(row),
    installments: installments.map(installmentOf),
    transactions: transactions.map(transactionOf),
    entries: entries.map(({ id, transactionId }) => ({
      id,
      transaction: transactionId ?? null,
      postings: (postingsOf.get(id) ?? []).map(({ account, amount }) => ({ account, amount })),
    })),
    receipts: receipts.map(({ id, transactionId, type, amount }) => ({ id, transaction: transactionId, type, amount })),
    notices: notices.map(noticeOf),
    escalations: escalations.map(escalationOf),
    deductions: row.state.lease ? await deductionsOf(em, planId) : [],
    units: row.state.lease ? await unitsOf(em, planId, row.state.lease.unit) : [],
  }
}

async function deductionsOf(em: EntityManager, planId: string): Promise<ProofFacts['deductions']> {
  const rows = await em.find(PayrollDeductions, { planId }, { orderBy: { at: 'asc', id: 'asc' } })
  return rows.map(({ id, amount }) => ({ id, amount }))
}

async function unitsOf(em: EntityManager, leaseId: string, unit: string): Promise<ProofFacts['units']> {
  const rows = await em.find(Devices, { $or: [{ id: unit }, { leaseId }] }, { orderBy: { id: 'asc' } })
  return rows.map(({ id, status, leaseId: lease, heldUntil }) => {
    return { id, status, lease: lease ?? null, isHeld: (heldUntil ?? null) !== null }
  })
}

function figuresOf(row: PlanRow): ProofFacts['figures'] {
  return {
    status: row.status,
    paid: row.paidAmount,
    refunded: row.refundedAmount,
    outstanding: row.outstandingAmount,
    escalated: row.escalated,
    nextBillingAt: row.nextBillingAt ?? null,
    changeSequence: row.changeSequence,
  }
}

function installmentOf(row: InstallmentRow): ProofFacts['installments'][number] {
  const { number, amount, paidAmount, status, dueDate, escalationId } = row
  return { number, amount, paid: paidAmount, status, dueDate, escalation: escalationId ?? null }
}

function transactionOf(row: TransactionRow): ProofTransaction {
  const cause = row.cause ?? (row.why as { cause?: string } | null)?.cause ?? null
  return {
    id: row.id,
    type: row.type,
    installment: row.installmentNumber ?? null,
    amount: row.amount,
    status: row.status,
    gateway: row.gateway,
    gatewayId: row.gatewayId ?? null,
    returned: row.returnedAmount,
    refund: row.refundNumber ?? null,
    cause,
  }
}

function noticeOf({ id, type, data, status, lastError }: NotificationRow): ProofFacts['notices'][number] {
  const transaction = typeof data.transaction_id === 'string' ? data.transaction_id : null
  return { id, transaction, type, status, lastError: lastError ?? null }
}

function escalationOf(row: EscalationRow): ProofFacts['escalations'][number] {
  const { id, reason, amount, status, version, caseVersion, caseLastError } = row
  return {
    id,
    reason,
    amount,
    isOpen: status === 'open',
    isTold: caseVersion >= version,
    lastError: caseLastError ?? null,
  }
}
