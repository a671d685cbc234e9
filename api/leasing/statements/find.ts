import type { EntityManager } from '@mikro-orm/postgresql'
import { type ClientRow, Clients } from '../../../db/leasing/clients.ts'
import { findStatement, paymentsOf } from '../../../db/leasing/read-statements.ts'
import type { StatementRow } from '../../../db/leasing/statements.ts'
import { conflict, notFound } from '../../http/problem.ts'
import { type Caller, onlyClient } from '../../identity/caller.ts'
import { showStatement } from './present.ts'

/** The client, deleted or not, for who may see its statements. Throws a 404. */
export async function clientFor(em: EntityManager, caller: Caller, id: string): Promise<ClientRow> {
  const only = onlyClient(caller)
  const client = only === null || only === id ? await em.findOne(Clients, { id, tenantId: caller.tenant }) : null
  if (!client) throw notFound('client')
  return client
}

/** Throws a 404 for what is not there or somebody else's. */
export async function statementFor(em: EntityManager, caller: Caller, id: string): Promise<StatementRow> {
  const statement = await findStatement(em, caller.tenant, id)
  const only = onlyClient(caller)
  if (!statement || (only !== null && statement.clientId !== only)) throw notFound('statement')
  return statement
}

/** The same for what there is of a closed one only. Throws a 409. */
export async function closedFor(em: EntityManager, caller: Caller, id: string): Promise<StatementRow> {
  const statement = await statementFor(em, caller, id)
  if (statement.status === 'closed') return statement
  throw conflict('statement_closing', 'The statement is being closed: wait until it is.')
}

export async function shownWithPayment(em: EntityManager, rows: StatementRow[]) {
  const payments = await paymentsOf(
    em,
    rows.flatMap(({ planId }) => planId ?? []),
  )
  return rows.map((row) => showStatement(row, payments.get(row.planId ?? '') ?? null))
}
