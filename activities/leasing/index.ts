import type { MikroORM } from '@mikro-orm/postgresql'
import { findCustomer } from '../../db/customers/people.ts'
import { Clients } from '../../db/leasing/clients.ts'
import {
  closeStatement,
  hasWaitingLines,
  linesOf,
  noteCharge,
  openStatement,
  putLeaseChanges,
  putLines,
} from '../../db/leasing/close-statement.ts'
import { inTenant } from '../../db/tenancy/scope.ts'
import type { Period } from '../../domain/leasing/statements.ts'
import type { PaymentMethod } from '../../domain/plans/plan.ts'
import type { CivilDate, Instant } from '../../domain/plans/terms.ts'

export type LeasingActivities = ReturnType<typeof createLeasingActivities>

/** Lines put on a statement in one transaction, and transactions in one go, after which it is told how far it is. */
const BATCH = 1_000
const BATCHES = 4

type Of = { tenant: string; statement: string }
type At = { at: Instant }

/**
 * How a statement stands that is to be closed: `placed` lines are on it, and `waiting` ones are to come. It is one of the
 * last when the client was deleted.
 */
export type StatementOpened = {
  id: string
  number: number
  isClosed: boolean
  placed: number
  waiting: number
  isClientDeleted: boolean
}

/** A statement that is closed, and what it is to be charged by: `plan` when that is begun already. */
export type StatementClosed = {
  id: string
  end: CivilDate
  cutOff: Instant
  currency: string
  total: number
  plan: string | null
  paymentMethod: PaymentMethod | null
}

/** What a client's statements ask of the world, within its tenant. Each may be run twice. */
export function createLeasingActivities({ orm }: { orm: MikroORM }) {
  return {
    /** `null` when nothing is left of the client. */
    openStatement({ tenant, client, period, at }: { tenant: string; client: string; period: Period } & At) {
      return inTenant(tenant, async (): Promise<StatementOpened | null> => {
        const em = orm.em.fork()
        const known = await em.findOne(Clients, { id: client, tenantId: tenant })
        if (!known) return null
        const { id, number, status } = await openStatement(em, { id: client, tenant }, period, at)
        const isClosed = status === 'closed'
        const isClientDeleted = Boolean(known.deletedAt)
        return {
          id,
          number,
          isClosed,
          isClientDeleted,
          ...(isClosed ? { placed: 0, waiting: 0 } : await linesOf(em, id)),
        }
      })
    },
    /** Some thousands of lines, and of what is listed of leases beside them; `isDone` when none is left of either. */
    putLines({ tenant, statement }: Of): Promise<{ placed: number; isDone: boolean }> {
      return inTenant(tenant, async () => {
        let placed = 0
        for (let batch = 0; batch < BATCHES; batch++) {
          const put = await putLines(orm.em.fork(), statement, BATCH)
          placed += put
          const listed = await putLeaseChanges(orm.em.fork(), statement, BATCH)
          if (put < BATCH && listed < BATCH) return { placed, isDone: true }
        }
        return { placed, isDone: false }
      })
    },
    closeStatement({ tenant, statement, at }: Of & At): Promise<StatementClosed> {
      return inTenant(tenant, async () => {
        const em = orm.em.fork()
        const closed = await closeStatement(em, statement, at)
        const client = await findCustomer(em, { tenantId: tenant, id: closed.clientId })
        const method = client?.defaultPaymentMethod
        return {
          id: closed.id,
          end: closed.periodEnd,
          cutOff: closed.cutOff,
          currency: closed.currency,
          total: closed.total,
          plan: closed.planId ?? null,
          paymentMethod: method ? { id: method.id, type: method.type } : null,
        }
      })
    },
    noteCharge: ({ tenant, statement, plan }: Of & { plan: string }) =>
      inTenant(tenant, () => noteCharge(orm.em.fork(), statement, plan)),
    hasWaitingLines: ({ tenant, client }: { tenant: string; client: string }) =>
      inTenant(tenant, () => hasWaitingLines(orm.em.fork(), { id: client, tenant })),
  }
}
