import { isDeepStrictEqual } from 'node:util'
import type { EntityManager } from '@mikro-orm/postgresql'
import { headOf } from '../../domain/plans/effects.ts'
import { collectibles } from '../../domain/plans/figures.ts'
import type { Installment, Plan } from '../../domain/plans/plan.ts'
import { instantOf } from '../columns.ts'
import { saveLease } from '../leasing/write-leases.ts'
import { Installments } from './installments.ts'
import { Plans } from './plans.ts'
import { headColumns } from './rows.ts'
import { lockPlan, recordInstallment, refreshPlan } from './write.ts'

/**
 * Brings the rows that answer reads to what the plan's workflow has decided: head, instalments and the figures that
 * follow from them. Never money: no transaction, entry, receipt or escalation is touched. `seen` are the rows as they
 * were looked at before the workflow was asked: a row that has changed since is left alone. `decided` is null when the
 * workflow could not be asked; then only figures are read anew. Answers false while a change is on its way to the rows.
 */
export async function mendReadSide(em: EntityManager, seen: Plan, decided: Plan | null): Promise<boolean> {
  return em.fork().transactional(async (tx) => {
    const { changeSequence } = await lockPlan(tx, seen.id)
    if (decided !== null) {
      if (decided.sequence.change !== changeSequence || seen.sequence.change !== changeSequence) return false
      await tx.nativeUpdate(Plans, { id: seen.id }, headColumns(headOf(decided)))
      await saveLease(tx, headOf(decided))
      const at = decided.clock?.now ?? new Date().toISOString()
      for (const installment of await toMend(tx, seen, decided)) {
        await recordInstallment(tx, seen.id, installment, [], at)
      }
    }
    await refreshPlan(tx, seen.id, instantOf(new Date()))
    return true
  })
}

/** A charge that is under way writes its instalment itself, with the money it moves. */
async function toMend(em: EntityManager, seen: Plan, decided: Plan): Promise<Installment[]> {
  const rows = await em.find(Installments, { planId: seen.id })
  const isAsCharged = ({ open }: Installment) => open?.by === 'charge' && open.state === 'asked'
  return collectibles(decided).filter((installment) => {
    const row = rows.find(({ number }) => number === installment.number)
    const before = collectibles(seen).find(({ number }) => number === installment.number)
    return !isAsCharged(installment) && isDeepStrictEqual(row?.state, before)
  })
}
