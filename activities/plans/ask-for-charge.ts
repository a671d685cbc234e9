import type { EntityManager } from '@mikro-orm/postgresql'
import { type TransactionRow, type TransactionStatus, Transactions } from '../../db/plans/transactions.ts'
import type { ChargeOutcome, PaymentState } from '../../domain/plans/outcome.ts'
import type { PlanDeps } from './deps.ts'

/** A charge to be made under its transaction's key, however often it is asked for. */
export type Charge = {
  transaction: string
  paymentMethod: string
  description: string
  metadata: Record<string, string>
}

/**
 * Asks the gateway for one charge (keeps Charging): made unconfirmed, its id stored, then confirmed. When an earlier try
 * had an unknown end the payment is looked for and read before anything else. Throws when the gateway does not answer;
 * until it does, everybody sees the transaction as `unknown`.
 */
export async function askForCharge({ orm, gateway }: PlanDeps, charge: Charge): Promise<ChargeOutcome> {
  const em = orm.em.fork()
  const row = await em.findOneOrFail(Transactions, { id: charge.transaction })
  const wasAsked = row.gatewayRequestKey !== null
  try {
    const customer = await gatewayCustomer(em, row)
    if (!wasAsked) await note(em, row, { gatewayRequestKey: row.id })
    const id = row.gatewayId ?? (wasAsked ? await gateway.find(row.id, customer) : null)
    if (id !== null) {
      await note(em, row, { gatewayId: id })
      const state = await gateway.read(id)
      if (state.result !== 'unconfirmed') return asOutcome(state)
      await note(em, row, { confirmations: row.confirmations + 1 })
      return await gateway.confirm(id, `${row.id}:confirm`)
    }
    const { amount, currency } = row
    const { paymentMethod, description, metadata } = charge
    const made = await gateway.create({
      reference: row.id,
      key: row.id,
      amount,
      currency,
      customer,
      paymentMethod,
      description,
      metadata,
    })
    if ('result' in made) return made
    await note(em, row, { gatewayId: made.id })
    return await gateway.confirm(made.id, `${row.id}:confirm`)
  } catch (error) {
    // Not if another try has settled it meanwhile: its end is known then.
    const open = { id: row.id, answer: null, status: { $in: OPEN } }
    await em.nativeUpdate(Transactions, open, { status: 'unknown', outcome: 'unknown' })
    throw error
  }
}

/** Statuses of a transaction whose end is not known. */
export const OPEN: TransactionStatus[] = ['pending', 'processing', 'unknown']

/** The customer's id at the gateway. */
export async function gatewayCustomer(
  em: EntityManager,
  { tenantId, planId }: Pick<TransactionRow, 'tenantId' | 'planId'>,
): Promise<string> {
  const [found] = await em.execute<{ id: string | null }[]>(
    `select c.gateway_customer_id as id from plans p join customers c on c.tenant_id = p.tenant_id and c.id = p.customer_id
      where p.id = ? and p.tenant_id = ?`,
    [planId, tenantId],
  )
  if (!found?.id) throw new Error(`The customer of plan ${planId} is not known at the gateway`)
  return found.id
}

async function note(em: EntityManager, row: TransactionRow, facts: Partial<TransactionRow>): Promise<void> {
  Object.assign(row, facts)
  await em.nativeUpdate(Transactions, { id: row.id }, facts)
}

/** A payment as it is read counts as the answer to this attempt; a return of it is news for later. */
function asOutcome(state: Exclude<PaymentState, { result: 'unconfirmed' }>): ChargeOutcome {
  if (state.result === 'returned') return { result: 'succeeded' }
  if (state.result === 'canceled') return { result: 'declined', severity: 'soft', code: 'canceled' }
  return state
}
