import type { EntityManager } from '@mikro-orm/postgresql'
import { WorkflowNotFoundError } from '@temporalio/client'
import { Plans } from '../../db/plans/plans.ts'
import { type TransactionRow, Transactions } from '../../db/plans/transactions.ts'
import { inTenant, withoutTenant } from '../../db/tenancy/scope.ts'
import { tenantsOfPayments } from '../../db/tenancy/ways.ts'
import { WebhookInbox, type WebhookMessageRow } from '../../db/webhooks/inbox.ts'
import { gatewayNews } from '../../workflows/plans/messages.ts'
import type { ApiConfig, ApiDeps } from '../deps.ts'
import { SERVER_MS, within } from '../http/temporal.ts'
import { bringBack } from './bring-back.ts'
import { worthTelling } from './worth-telling.ts'

/** What it takes to tell plans of what gateways call about. */
export type DeliveryParts = Pick<ApiDeps, 'orm' | 'temporal'> & { config: Pick<ApiConfig, 'taskQueue'> }

/** Longest pause between two tries. */
const MOST_SECONDS = 300
/** After so many tries, about two days, it is held for people to look at. */
const MOST_TRIES = 600
/** A workflow that is not found so often is gone, and not between two runs. */
const TRIES_TO_FIND = 3
const BATCH = 50

/**
 * Tells the plan that a gateway has news about one of its transactions. One that cannot be matched yet, since a webhook
 * may come before the answer of the call that made the payment, or that finds Temporal down, is left for later.
 */
export async function deliver(parts: DeliveryParts, key: { gateway: string; id: string }): Promise<void> {
  return withoutTenant(() => match(parts, key))
}

async function match(parts: DeliveryParts, key: { gateway: string; id: string }): Promise<void> {
  const em = parts.orm.em.fork()
  const message = await em.findOne(WebhookInbox, { ...key, processedAt: null })
  if (!message) return
  const isAboutMoney = message.hints.payment !== undefined || message.hints.refund !== undefined
  const transaction = isAboutMoney ? await transactionOf(em, message) : null
  if (isAboutMoney && !transaction) return postpone(em, message, 'no transaction is known by these ids')
  const worth = transaction ? worthTelling({ type: message.type, status: message.hints.status }, transaction) : 'never'
  if (worth === 'later') return postpone(em, message, 'the answer of the call itself is still awaited')
  if (transaction && worth === 'now') {
    try {
      if (!(await tell(parts, em, transaction))) return postpone(em, message, nobody(transaction), TRIES_TO_FIND)
    } catch (error) {
      await postpone(em, message, String(error))
      throw error
    }
  }
  await em.nativeUpdate(WebhookInbox, key, { processedAt: new Date().toISOString(), nextAttemptAt: null })
}

/**
 * Tells the plan's workflow; one that had ended because nothing was left to do for the plan is brought back. Answers false
 * when it is not there, and the plan is not settled.
 */
async function tell(parts: DeliveryParts, em: EntityManager, transaction: TransactionRow): Promise<boolean> {
  const { id, planId, tenantId } = transaction
  const plan = await inTenant(tenantId, () => em.findOneOrFail(Plans, { id: planId }))
  const news = { transaction: id }
  const handle = parts.temporal.workflow.getHandle(plan.workflowId)
  try {
    await within(parts.temporal, SERVER_MS, () => handle.signal(gatewayNews, news))
    return true
  } catch (error) {
    if (!(error instanceof WorkflowNotFoundError)) throw error
    return inTenant(tenantId, () => bringBack(parts, em, plan, news))
  }
}

async function transactionOf(em: EntityManager, { gateway, hints }: WebhookMessageRow): Promise<TransactionRow | null> {
  const ids = [hints.refund, hints.payment].filter((id) => id !== undefined)
  const where = { gateway, gatewayId: { $in: ids } }
  // A gateway's ids are its own: they are one tenant's at most.
  const [tenant] = await tenantsOfPayments(em, gateway, ids)
  if (tenant === undefined) return null
  const found = await inTenant(tenant, () => em.find(Transactions, where))
  return found.find(({ gatewayId }) => gatewayId === hints.refund) ?? found[0] ?? null
}

/** Somebody has ended its workflow, so that money moved which no plan will act on: people must. */
function nobody({ id, planId }: TransactionRow): string {
  return `news of ${id}, but the workflow of plan ${planId} is gone and the plan not settled; what differs: npm run ops -- prove --plan ${planId}`
}

/** Leaves it for later, or after so many tries as held: listed by `npm run ops -- stuck` until somebody deals with it. */
async function postpone(em: EntityManager, message: WebhookMessageRow, why: string, most = MOST_TRIES): Promise<void> {
  const { gateway, id, attempts } = message
  const seconds = Math.min(2 ** Math.min(attempts, 10), MOST_SECONDS)
  const next = attempts + 1 < most ? new Date(Date.now() + seconds * 1000).toISOString() : null
  const change = { attempts: attempts + 1, nextAttemptAt: next, lastError: why.slice(0, 500) }
  await em.nativeUpdate(WebhookInbox, { gateway, id }, change)
}

/** Tries again what is due. Two processes that do it at once may tell a plan twice, which does no harm. */
export async function redeliver(parts: DeliveryParts): Promise<number> {
  const due = { processedAt: null, nextAttemptAt: { $lte: new Date().toISOString() } }
  const orderBy = { nextAttemptAt: 'asc' as const }
  const waiting = await withoutTenant(() => parts.orm.em.fork().find(WebhookInbox, due, { orderBy, limit: BATCH }))
  for (const { gateway, id } of waiting) await deliver(parts, { gateway, id }).catch(() => {})
  return waiting.length
}
