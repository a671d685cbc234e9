import { setTimeout as sleep } from 'node:timers/promises'
import type { MikroORM } from '@mikro-orm/postgresql'
import { type Client, WorkflowNotFoundError } from '@temporalio/client'
import { type RecordedFacts, recordedFacts } from '../../db/plans/proof.ts'
import { mendReadSide } from '../../db/plans/proof-mend.ts'
import { prove } from '../../domain/plans/proof.ts'
import type { Proof, ProofFacts, ProofGateway, ProofWorkflow, Unread } from '../../domain/plans/proof-facts.ts'
import type { GatewayPayment, PaymentGateway } from '../../gateways/payments.ts'
import { currentPlan } from '../../workflows/plans/messages.ts'
import { COMMAND_MS, SERVER_MS, within } from '../http/temporal.ts'

export type ProofParts = { orm: MikroORM; temporal: Client; payments: PaymentGateway }
export type Proven = { proof: Proof; facts: ProofFacts }

const AGAIN_AFTER_MS = 700
/** A workflow task that fails this often is not a worker that has just been restarted. */
const BLOCKED_AFTER = 5

/**
 * Compares what the database, the gateway and the workflow hold of a plan. The three cannot be looked at in one moment:
 * what differs is looked at once more, so that what happened between two looks is not told as a difference. Null when
 * there is no such plan.
 */
export async function proofOf(parts: ProofParts, planId: string): Promise<Proven | null> {
  const first = await lookOnce(parts, planId)
  if (first?.proof.status !== 'different') return first
  await sleep(AGAIN_AFTER_MS)
  return lookOnce(parts, planId)
}

/** Brings the rows to what the workflow has decided, where they differ. Never touches money. */
export async function mend({ orm }: Pick<ProofParts, 'orm'>, { proof, facts }: Proven): Promise<boolean> {
  const differs = proof.checks.some((check) => check.differences.some(({ mendable }) => mendable))
  if (!differs) return false
  const decided = 'unread' in facts.workflow ? null : facts.workflow.plan
  return mendReadSide(orm.em, facts.plan, decided)
}

async function lookOnce(parts: ProofParts, planId: string): Promise<Proven | null> {
  const recorded = await recordedFacts(parts.orm.em.fork(), planId)
  if (!recorded) return null
  const [gateway, workflow] = await Promise.all([
    orUnread(() => atGateway(parts.payments, recorded)),
    orUnread(() => inTemporal(parts.temporal, recorded.row.workflowId)),
  ])
  const facts = { ...recorded, gateway, workflow }
  return { facts, proof: prove(facts) }
}

async function orUnread<T>(look: () => Promise<T>): Promise<T | Unread> {
  try {
    return await look()
  } catch (error) {
    return { unread: error instanceof Error ? error.message : String(error) }
  }
}

/** The customer's payments as they are listed, and each that we know by its id and that the list does not have. */
async function atGateway(gateway: PaymentGateway, recorded: RecordedFacts): Promise<ProofGateway> {
  const { gatewayCustomer, transactions } = recorded
  if (gatewayCustomer === null) return { payments: [], refunds: [] }
  const listed = await gateway.list(gatewayCustomer)
  const found: ProofGateway = {
    payments: listed.map(paymentOf),
    refunds: listed.flatMap(({ id, refunds }) => refunds.map((refund) => ({ ...refund, payment: id }))),
  }
  for (const { id, type, amount, gatewayId, gateway: at } of transactions) {
    if (gatewayId === null || at === 'external') continue
    if (type === 'charge' && !found.payments.some((p) => p.id === gatewayId)) {
      const state = await gateway.read(gatewayId)
      found.payments.push({ id: gatewayId, reference: id, plan: recorded.plan.id, installment: null, amount, state })
    }
    if (type === 'refund' && !found.refunds.some((r) => r.id === gatewayId)) {
      const outcome = await gateway.readRefund(gatewayId)
      found.refunds.push({ id: gatewayId, payment: null, reference: id, amount, outcome })
    }
  }
  return found
}

function paymentOf({ id, reference, metadata, amount, state }: GatewayPayment): ProofGateway['payments'][number] {
  const { tenor_plan: plan = null, tenor_installment: installment = null } = metadata
  return { id, reference, plan, installment, amount, state }
}

async function inTemporal(temporal: Client, workflowId: string): Promise<ProofWorkflow> {
  const handle = temporal.workflow.getHandle(workflowId)
  try {
    const { status, raw } = await within(temporal, SERVER_MS, () => handle.describe())
    const task = raw.pendingWorkflowTask?.attempt ?? 0
    const isBlocked = task >= BLOCKED_AFTER
    const troubles = (raw.pendingActivities ?? [])
      .filter(({ attempt }) => (attempt ?? 0) > 1)
      .map(({ activityType, attempt, lastFailure }) => {
        return `${activityType?.name ?? 'An activity'} is tried for the ${attempt}th time: ${lastFailure?.message ?? 'no answer yet'}.`
      })
    if (isBlocked) troubles.push(`Its workflow task has failed ${task} times: the plan stands still.`)
    const plan = isBlocked ? null : await within(temporal, COMMAND_MS, () => handle.query(currentPlan))
    return { status: status.name, plan, troubles, isBlocked }
  } catch (error) {
    if (!(error instanceof WorkflowNotFoundError)) throw error
    return { status: 'NOT_FOUND', plan: null, troubles: [], isBlocked: false }
  }
}
