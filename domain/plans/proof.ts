import type { Difference, Proof, ProofFacts, ProofStatus } from './proof-facts.ts'
import { gatewayProof, refundsProof } from './proof-gateway.ts'
import { deviceProof, payrollProof } from './proof-lease.ts'
import { escalationsProof, ledgerProof, noticesProof, receiptsProof, transactionsProof } from './proof-money.ts'
import { readSideProof, scheduleProof, workflowProof } from './proof-plan.ts'

const CHECKS: Record<string, (facts: ProofFacts) => Difference[]> = {
  workflow: workflowProof,
  read_side: readSideProof,
  schedule: scheduleProof,
  ledger: ledgerProof,
  transactions: transactionsProof,
  gateway: gatewayProof,
  refunds: refundsProof,
  payroll: payrollProof,
  device: deviceProof,
  receipts: receiptsProof,
  notices: noticesProof,
  escalations: escalationsProof,
}

/** The names of all checks, in order. */
export const PROOF_CHECKS: readonly string[] = Object.keys(CHECKS)

/** Compares everything that is known of a plan. Pure: the same facts give the same proof. */
export function prove(facts: ProofFacts): Proof {
  const checks = Object.entries(CHECKS).map(([name, check]) => {
    const differences = check(facts)
    return { name, status: worst(differences.map(({ kind }) => kind)), differences }
  })
  return { plan: facts.plan.id, status: worst(checks.map(({ status }) => status)), checks }
}

const ORDER: readonly ProofStatus[] = ['different', 'unread', 'in_flight', 'ok']

function worst(statuses: ProofStatus[]): ProofStatus {
  return ORDER.find((status) => statuses.includes(status)) ?? 'ok'
}
