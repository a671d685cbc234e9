import type { EntityManager } from '@mikro-orm/postgresql'
import { type TransactionRow, type TransactionStatus, Transactions } from '../../db/plans/transactions.ts'
import { prepared } from '../../db/prepared.ts'
import type { ChargeOutcome, PaymentState } from '../../domain/plans/outcome.ts'
import type { PlanDeps } from './deps.ts'

/** A charge to be made under its transaction's key, however often it is asked for. */
export type Charge = {
  transaction: string
  paymentMethod: string
  description: string
  metadata: Record<string, string>
}

/** What a charge is about that nobody has asked for before; `customer` is the gateway's id. */
export type FirstCharge = Charge & { amount: number; currency: string; customer: string }

/**
 * Asks the gateway for one charge (keeps Charging): made unconfirmed, its id stored, then confirmed. When an earlier try
 * had an unknown end the payment is looked for and read before anything else. Throws when the gateway does not answer;
 * until it does, everybody sees the transaction as `unknown`.
 */
export async function askForCharge({ orm, gateway }: PlanDeps, charge: Charge): Promise<ChargeOutcome> {
  const em = orm.em.fork()
  const row = await em.findOneOrFail(Transactions, { id: charge.transaction })
  const wasAsked = row.gatewayRequestKey !== null
  return orUnknown(em, row.id, async () => {
    const customer = await gatewayCustomer(em, row)
    if (!wasAsked) await note(em, row, { gatewayRequestKey: row.id })
    const id = row.gatewayId ?? (wasAsked ? await gateway.find(row.id, customer) : null)
    if (id === null) return makeAndConfirm({ gateway }, em, { ...charge, ...row, customer })
    await note(em, row, { gatewayId: id })
    const state = await gateway.read(id)
    if (state.result !== 'unconfirmed') return asOutcome(state)
    await note(em, row, { confirmations: row.confirmations + 1 })
    return gateway.confirm(id, confirmKey(row.id))
  })
}

/** The same for a charge that has just been put on record with its key, by nobody before: there is nothing to look for. */
export async function askForFirst({ orm, gateway }: PlanDeps, charge: FirstCharge): Promise<ChargeOutcome> {
  const em = orm.em.fork()
  return orUnknown(em, charge.transaction, () => makeAndConfirm({ gateway }, em, charge))
}

async function makeAndConfirm({ gateway }: Pick<PlanDeps, 'gateway'>, em: EntityManager, charge: FirstCharge) {
  const { transaction, amount, currency, customer, paymentMethod, description, metadata } = charge
  const made = await gateway.create({
    reference: transaction,
    key: transaction,
    amount,
    currency,
    customer,
    paymentMethod,
    description,
    metadata,
  })
  if ('result' in made) return made
  await prepared(em, 'update transactions set gateway_id = $2 where id = $1', [transaction, made.id])
  return gateway.confirm(made.id, confirmKey(transaction))
}

function confirmKey(transaction: string): string {
  return `${transaction}:confirm`
}

async function orUnknown<T>(em: EntityManager, transaction: string, ask: () => Promise<T>): Promise<T> {
  try {
    return await ask()
  } catch (error) {
    // Not if another try has settled it meanwhile: its end is known then.
    const open = { id: transaction, answer: null, status: { $in: OPEN } }
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
