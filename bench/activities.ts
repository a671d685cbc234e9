import type { PlanDeps } from '../activities/plans/deps.ts'
import { insertOnce } from '../db/insert-once.ts'
import { Installments } from '../db/plans/installments.ts'
import { Plans } from '../db/plans/plans.ts'
import { Transactions } from '../db/plans/transactions.ts'
import { lockPlan, recordCharged } from '../db/plans/write.ts'
import { writeEffects } from '../db/plans/write-effects.ts'
import { inTenant } from '../db/tenancy/scope.ts'
import { attemptStarted, settleInstallment } from '../domain/plans/collect.ts'
import type { Effect } from '../domain/plans/effects.ts'
import { findInstallment } from '../domain/plans/figures.ts'
import { attemptTransaction } from '../domain/plans/keys.ts'
import type { Plan } from '../domain/plans/plan.ts'
import { TENANT } from './plans.ts'

export type BenchActivities = ReturnType<typeof createBenchActivities>
export type Paid = { plan: string; transaction: string; at: string; effects: Effect[] }

/**
 * The textbook's two activities do what a paid instalment of Tenor does, to the same tables with the same statements:
 * the payment made and then confirmed, its id kept in between, one transaction for the movement; and the receipt with
 * its notice in a transaction of their own.
 */
export function createBenchActivities(deps: PlanDeps, onCycle: () => void) {
  const { chargeTextbook, receiptTextbook } = textbook(deps, onCycle)
  return {
    async nothing(): Promise<void> {
      onCycle()
    },
    chargeTextbook: (asked: { plan: string; installment: number }) => inTenant(TENANT, () => chargeTextbook(asked)),
    receiptTextbook: (paid: Paid) => inTenant(TENANT, () => receiptTextbook(paid)),
  }
}

function textbook({ orm, gateway, now }: PlanDeps, onCycle: () => void) {
  return {
    async chargeTextbook({ plan: id, installment: number }: { plan: string; installment: number }): Promise<Paid> {
      const em = orm.em.fork()
      const row = await em.findOneOrFail(Plans, { id })
      const before = await em.findOneOrFail(Installments, { planId: id, number })
      const plan: Plan = { ...row.state, installments: [before.state], handled: [] }
      const at = now()
      const started = findInstallment(attemptStarted(plan, number, 'due', at), number)
      const transaction = attemptTransaction(plan, number, 1)
      await recordAsked({ orm, gateway, now }, plan, transaction, started.number, before.amount, at)
      const customer = await em.execute<{ id: string }[]>(
        'select gateway_customer_id as id from customers where tenant_id = ? and id = ?',
        [plan.tenant, plan.customer],
      )
      const made = await gateway.create({
        reference: transaction,
        key: transaction,
        amount: before.amount,
        currency: plan.terms.currency,
        customer: customer[0]?.id ?? '',
        paymentMethod: plan.paymentMethod.id,
        description: `Instalment ${number}`,
        metadata: { plan: id, installment: String(number) },
      })
      if ('result' in made) throw new Error(made.code)
      await em.nativeUpdate(Transactions, { id: transaction }, { gatewayId: made.id, gatewayRequestKey: transaction })
      const outcome = await gateway.confirm(made.id, `${transaction}:confirm`)
      const settled = settleInstallment(plan, started, outcome, at)
      const isReceipt = (effect: Effect) => effect.write === 'receipt' || effect.write === 'notice'
      await orm.em.fork().transactional(async (tx) => {
        await tx.nativeUpdate(
          Transactions,
          { id: transaction },
          { status: 'succeeded', outcome: outcome.result, settledAt: at, updatedAt: at },
        )
        const movement = settled.effects.filter((effect) => !isReceipt(effect))
        await recordCharged(tx, await lockPlan(tx, id), settled.installment, movement, at)
      })
      return { plan: id, transaction, at, effects: settled.effects.filter(isReceipt) }
    },

    async receiptTextbook({ plan: id, at, effects }: Paid): Promise<void> {
      await orm.em.fork().transactional(async (tx) => {
        await writeEffects(tx, await lockPlan(tx, id), at, effects)
      })
      onCycle()
    },
  }
}

async function recordAsked(
  { orm }: PlanDeps,
  plan: Plan,
  id: string,
  installmentNumber: number,
  amount: number,
  at: string,
) {
  await insertOnce(orm.em.fork(), Transactions, [
    {
      id,
      tenantId: plan.tenant,
      planId: plan.id,
      type: 'charge',
      installmentNumber,
      attempt: 1,
      amount,
      currency: plan.terms.currency,
      status: 'pending',
      cause: 'due',
      gateway: 'stripe',
      allocations: [{ installment: installmentNumber, amount }],
      createdAt: at,
      updatedAt: at,
    },
  ])
}
