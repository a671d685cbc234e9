import type { EntityManager } from '@mikro-orm/postgresql'
import { nextBillingAt } from '../../domain/plans/coming.ts'
import { type Effect, headOf, type PlanChange, type PlanHead } from '../../domain/plans/effects.ts'
import type { Installment, Lifecycle, Plan, Refund } from '../../domain/plans/plan.ts'
import type { Instant, Terms } from '../../domain/plans/terms.ts'
import { insertOnce, rowsOf } from '../insert-once.ts'
import { saveLease } from '../leasing/write-leases.ts'
import { prepared } from '../prepared.ts'
import { Installments } from './installments.ts'
import { Plans } from './plans.ts'
import { sealedRequest } from './requests.ts'
import { headColumns, installmentColumns, planOf } from './rows.ts'
import { type PlanIdentity, writeEffects } from './write-effects.ts'

/** A change came before the one that precedes it was written: the earlier one is to be written first. */
export class ChangeOutOfOrder extends Error {
  override name = 'ChangeOutOfOrder'
}

export class PlanNotRecorded extends Error {
  override name = 'PlanNotRecorded'
}

export type NewPlan = {
  /** What the client gave and gets back as given: metadata, coupon_code… */
  request: Record<string, unknown>
  workflowId: string
  runId: string | null
  effects: readonly Effect[]
}

/** `gatewayCustomer` is the customer's id at the gateway. */
export type LockedPlan = PlanIdentity & {
  changeSequence: number
  terms: Terms
  lifecycle: Lifecycle
  /** Those that are not over yet. */
  refunds: Refund[]
  gatewayCustomer: string | null
}

/** Records a plan with its instalments and the effects of its creation, once. False when it was there already. */
export async function recordNewPlan(em: EntityManager, plan: Plan, made: NewPlan): Promise<boolean> {
  return inTransaction(em, async (tx) => {
    const head = headOf(plan)
    const inserted = await insertOnce(tx, Plans, [
      {
        ...headColumns(head),
        id: plan.id,
        tenantId: plan.tenant,
        kind: plan.kind,
        customerId: plan.customer,
        status: plan.lifecycle,
        currency: plan.terms.currency,
        testClockId: plan.clock?.id ?? null,
        workflowId: made.workflowId,
        runId: made.runId,
        changeSequence: plan.sequence.change,
        request: sealedRequest(tx, plan.id, made.request),
        createdAt: plan.createdAt,
        updatedAt: plan.createdAt,
      },
    ])
    if (inserted === 0) return false
    await saveLease(tx, head)
    await saveInstallments(tx, identityOf(head), plan.terms, plan.installments)
    await writeEffects(tx, identityOf(head), plan.createdAt, made.effects)
    await refreshPlan(tx, plan.id, plan.createdAt)
    return true
  })
}

/**
 * Writes what a workflow has decided, in one transaction, and in which run (`runId`). A change that was written already does nothing and answers
 * false. Throws `ChangeOutOfOrder` when the one before it is missing and `PlanNotRecorded` for an unknown plan.
 */
export async function recordChange(em: EntityManager, change: PlanChange, runId?: string): Promise<boolean> {
  return inTransaction(em, async (tx) => {
    const { changeSequence } = await lockPlan(tx, change.plan)
    if (change.sequence <= changeSequence) return false
    if (change.sequence !== changeSequence + 1) {
      throw new ChangeOutOfOrder(`Plan ${change.plan} is at change ${changeSequence}; ${change.sequence} is too early`)
    }
    const plan = identityOf(change.head)
    await tx.nativeUpdate(
      Plans,
      { id: plan.id },
      { ...headColumns(change.head), ...(runId && { runId }), changeSequence: change.sequence, updatedAt: change.at },
    )
    if (change.head.lifecycle === 'completed') {
      await tx.nativeUpdate(Plans, { id: plan.id, completedAt: null }, { completedAt: change.at })
    }
    await saveLease(tx, change.head)
    await saveInstallments(tx, plan, change.head.terms, change.installments)
    await writeEffects(tx, plan, change.at, change.effects)
    await refreshPlan(tx, plan.id, change.at)
    return true
  })
}

/**
 * Writes one instalment as a charge has left it (number 0 for the balance), with the effects of that charge. Part of
 * the caller's transaction when there is one. `at` is a moment of the plan's clock.
 */
export async function recordInstallment(
  em: EntityManager,
  planId: string,
  installment: Installment,
  effects: readonly Effect[],
  at: Instant,
): Promise<void> {
  await inTransaction(em, async (tx) => {
    const plan = await lockPlan(tx, planId)
    await saveInstallments(tx, plan, plan.terms, [installment])
    await writeEffects(tx, plan, at, effects)
    await refreshPlan(tx, planId, at)
  })
}

/**
 * The same for a charge, which gives nothing back, in a transaction that holds the plan's row already (`lockPlan`):
 * nothing else is written so often.
 */
export async function recordCharged(
  tx: EntityManager,
  plan: LockedPlan,
  installment: Installment,
  effects: readonly Effect[],
  at: Instant,
): Promise<void> {
  await writeEffects(tx, plan, at, effects)
  // Last, since the plan's figures say whether an escalation is open.
  await refresh(tx, SAVE_CHARGED, [plan.id, at, installmentRows(tx, plan, plan.terms, [installment])])
}

/** Holds the plan's row until the transaction ends: whoever writes about a plan does it one after the other. */
export async function lockPlan(em: EntityManager, planId: string): Promise<LockedPlan> {
  const {
    rows: [row],
  } = await prepared<LockedPlan>(
    em,
    `select id, tenant_id as tenant, customer_id as customer, currency, test_clock_id as clock,
        change_sequence as "changeSequence", lifecycle, state -> 'terms' as terms, state -> 'refunds' as refunds,
        (select gateway_customer_id from customers c where c.tenant_id = plans.tenant_id and c.id = customer_id)
          as "gatewayCustomer"
      from plans where id = $1 for no key update`,
    [planId],
  )
  if (!row) throw new PlanNotRecorded(`Plan ${planId} is not recorded`)
  return row
}

/**
 * Reads the plan's figures off its other rows: status as shown, paid, outstanding, refunded, escalated and the next
 * automatic charge (which a pause holds back, unless it is a retry), and how much of each instalment and of each payment
 * was given back. `at` is the moment of what has changed. The same figures as domain/plans/figures.ts gives of the whole
 * plan. To be called in the transaction that changed those rows.
 */
export async function refreshPlan(em: EntityManager, planId: string, at: Instant): Promise<void> {
  await refresh(em, REFRESH, [planId, at])
}

async function refresh(em: EntityManager, sql: string, values: unknown[]): Promise<void> {
  const [planId] = values as [string]
  const {
    rows: [refreshed],
  } = await prepared<{ until: string | null }>(em, sql, values)
  if (!refreshed?.until) return
  // Where a pause will leave the schedule is more than a query can say.
  const row = await em.findOneOrFail(Plans, { id: planId }, { refresh: true })
  const installments = await em.find(Installments, { planId }, { refresh: true })
  await em.nativeUpdate(Plans, { id: planId }, { nextBillingAt: nextBillingAt(planOf(row, installments)) })
}

/** $1 is the plan; `installments` says where its instalments are to be read. */
const figuresOf = (installments: string) => `figures as (
  select
    coalesce(sum(paid_amount), 0) as paid,
    coalesce(sum(amount - paid_amount) filter (where status not in ('canceled', 'waived')), 0) as outstanding,
    coalesce(bool_or(escalation_id is not null) filter (where number > 0), false) as past_due,
    min(next_attempt_at) filter (where number > 0 and status = 'scheduled' and state ->> 'atOnce' is null) as regular,
    max(state ->> 'firstTriedOn') as last_first,
    min(next_attempt_at) filter (where number > 0 and (status <> 'scheduled' or state ->> 'atOnce' is not null))
      as beside,
    min(next_attempt_at) filter (where number > 0 and status <> 'scheduled') as next_retry
  from ${installments}
), next as (
  select case when f.regular is null then null else greatest(f.regular, cast(state ->> 'notBefore' as timestamptz)) end
      as first,
    state -> 'terms' ->> 'timezone' as zone, state -> 'terms' ->> 'billingTime' as billing_time
  from plans, figures f where id = $1
)`

/** What is overdue is charged one a day: the next first attempt is made on the day after the last one at the earliest. */
const NEXT_FIRST = `case when n.first is null then null
  else greatest(n.first, (cast(f.last_first as date) + 1 + cast(n.billing_time as time)) at time zone n.zone) end`

const setFigures = (more = '') => `update plans p set ${more}
  status = case when p.lifecycle = 'active' and f.past_due then 'past_due' else p.lifecycle end,
  paid_amount = f.paid,
  outstanding_amount = f.outstanding,
  escalated = exists (select from escalations where plan_id = $1 and status = 'open'),
  next_billing_at = case
    when p.lifecycle not in ('pending', 'active') then null
    when jsonb_typeof(p.state -> 'pause') = 'object' then f.next_retry
    else least(${NEXT_FIRST}, f.beside)
  end,
  updated_at = greatest(p.updated_at, cast($2 as timestamptz))
from figures f, next n
where p.id = $1
returning p.state -> 'pause' ->> 'until' as until`

const REFRESH = `
with refunds as (
  select parent_transaction_id, amount, allocations from transactions
   where plan_id = $1 and type = 'refund' and status = 'succeeded'
), of_installments as (
  select (part ->> 'installment')::int as number, sum((part ->> 'amount')::bigint) as amount
    from refunds, jsonb_array_elements(allocations) part group by 1
), of_payments as (
  select parent_transaction_id as id, sum(amount) as amount from refunds group by 1
), set_installments as (
  update installments i set refunded_amount = coalesce((select amount from of_installments o where o.number = i.number), 0)
   where i.plan_id = $1
     and i.refunded_amount <> coalesce((select amount from of_installments o where o.number = i.number), 0)
), set_payments as (
  update transactions t set refunded_amount = coalesce((select amount from of_payments o where o.id = t.id), 0)
   where t.plan_id = $1 and t.type = 'charge'
     and t.refunded_amount <> coalesce((select amount from of_payments o where o.id = t.id), 0)
), ${figuresOf('installments where plan_id = $1')} ${setFigures('refunded_amount = (select coalesce(sum(amount), 0) from refunds),')}`

const CHANGING = ['due_date', 'due_at', 'amount', 'paid_amount', 'status', 'next_attempt_at', 'escalation_id', 'state']
const COLUMNS = ['plan_id', 'number', 'tenant_id', ...CHANGING].join(', ')
const saveRows = (rows: string) => `insert into installments (${COLUMNS})
  select ${COLUMNS} from jsonb_populate_recordset(null::installments, ${rows})
  on conflict (plan_id, number) do update set ${CHANGING.map((column) => `${column} = excluded.${column}`).join(', ')}`

/**
 * Saves what a charge has changed ($3) and brings the plan's figures up to it, in one statement: what it writes itself it
 * cannot read in the table. Nothing is given back by a charge.
 */
const SAVE_CHARGED = `with saved as (${saveRows('$3')} returning ${COLUMNS}), present as (
  select ${COLUMNS} from saved
  union all
  select ${COLUMNS} from installments where plan_id = $1 and number not in (select number from saved)
), ${figuresOf('present')} ${setFigures()}`

async function saveInstallments(
  em: EntityManager,
  plan: PlanIdentity,
  terms: Terms,
  installments: Installment[],
): Promise<void> {
  if (installments.length === 0) return
  await prepared(em, saveRows('$1'), [installmentRows(em, plan, terms, installments)])
}

function installmentRows(em: EntityManager, plan: PlanIdentity, terms: Terms, installments: Installment[]): string {
  const rows = installments.map((installment) => ({
    ...installmentColumns(installment, terms),
    planId: plan.id,
    tenantId: plan.tenant,
  }))
  return JSON.stringify(rowsOf(em, Installments, rows).rows)
}

function identityOf(head: PlanHead): PlanIdentity {
  return {
    id: head.id,
    tenant: head.tenant,
    customer: head.customer,
    currency: head.terms.currency,
    clock: head.clock?.id ?? null,
  }
}

/** Joins the caller's transaction, so that a movement and what it changes are written together. */
function inTransaction<T>(em: EntityManager, work: (tx: EntityManager) => Promise<T>): Promise<T> {
  return em.transactional(work, { propagation: 'required' })
}
