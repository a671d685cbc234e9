import { type EntityManager, LockMode } from '@mikro-orm/postgresql'
import { type Period, statementSum } from '../../domain/leasing/statements.ts'
import type { Instant } from '../../domain/plans/terms.ts'
import { insertOnce } from '../insert-once.ts'
import { Events } from '../plans/events.ts'
import { Notifications } from '../plans/notifications.ts'
import { Clients } from './clients.ts'
import { countLeaseChanges } from './read-lease-changes.ts'
import { type StatementRow, Statements } from './statements.ts'

/**
 * Closing a statement, step by step. Each step is a transaction of its own, may be run again and does nothing the second
 * time, and holds the statement's row, so that two who close the same one do it one after the other.
 */

/** The client is not there, or not any more. */
export class NoSuchClient extends Error {
  override name = 'NoSuchClient'
}

type ClientId = { id: string; tenant: string }

/**
 * The statement that is to be closed next: one that is being closed already, or a new one for the period. One that was
 * closed for this moment or a later one is answered as it is. Throws `NoSuchClient`.
 */
export async function openStatement(
  em: EntityManager,
  client: ClientId,
  period: Period,
  at: Instant,
): Promise<StatementRow> {
  return em.transactional(async (tx) => {
    const options = { lockMode: LockMode.PESSIMISTIC_WRITE }
    const row = await tx.findOne(Clients, { id: client.id, tenantId: client.tenant }, options)
    if (!row) throw new NoSuchClient(`There is no client ${client.id}`)
    const last = await lastStatement(tx, client)
    if (last && (last.status === 'closing' || new Date(last.cutOff) >= new Date(period.cutOff))) return last
    const number = (last?.number ?? 0) + 1
    const id = `st_${client.id.slice(client.id.indexOf('_') + 1)}_${number}`
    const { start, end, cutOff } = period
    const made = { id, tenantId: client.tenant, clientId: client.id, number, status: 'closing' as const, counts: {} }
    const dates = { periodStart: start, periodEnd: end, cutOff, createdAt: at }
    await tx.insert(Statements, { ...made, ...dates, currency: row.currency, carriedIn: last?.carriedOut ?? 0 })
    return tx.findOneOrFail(Statements, { id })
  })
}

/** The client's newest statement. */
export async function lastStatement(em: EntityManager, { id, tenant }: ClientId): Promise<StatementRow | null> {
  const [last] = await em.find(
    Statements,
    { clientId: id, tenantId: tenant },
    { orderBy: { number: 'desc' }, limit: 1, refresh: true },
  )
  return last ?? null
}

/** Lines that the statement has, and that still wait to be put on it. */
export async function linesOf(em: EntityManager, id: string): Promise<{ placed: number; waiting: number }> {
  const [counted] = await em.execute<{ placed: string; waiting: string }[]>(
    `select (select count(*) from payroll_deductions where statement_id = s.id) as placed,
        (select count(*) from payroll_deductions d where ${WAITING}) as waiting
      from statements s where s.id = ?`,
    [id],
  )
  return { placed: Number(counted?.placed ?? 0), waiting: Number(counted?.waiting ?? 0) }
}

const WAITING = `d.client_id = s.client_id and d.tenant_id = s.tenant_id and d.statement_id is null
  and d.at < s.cut_off and d.currency = s.currency`

/** Puts so many of the waiting lines on the statement, the oldest first; answers how many. 0 when it is closed. */
export function putLines(em: EntityManager, id: string, most: number): Promise<number> {
  return put(em, 'payroll_deductions', id, most)
}

/** The same for what is listed of leases beside them. */
export function putLeaseChanges(em: EntityManager, id: string, most: number): Promise<number> {
  return put(em, 'lease_changes', id, most)
}

async function put(
  em: EntityManager,
  table: 'payroll_deductions' | 'lease_changes',
  id: string,
  most: number,
): Promise<number> {
  return em.transactional(async (tx) => {
    if (!(await closing(tx, id))) return 0
    const result = await tx.execute<{ affectedRows: number }>(
      `update ${table} set statement_id = ? where id in (
        select d.id from ${table} d join statements s on s.id = ? where ${WAITING} order by d.at, d.id limit ?)`,
      [id, id, most],
      'run',
    )
    return result.affectedRows
  })
}

/**
 * Closes it for ever over the lines that it has: what they come to, what is carried, how many leases it lists as new,
 * changed and ended; with the event, and with the letter when there are lines to tell of.
 */
export async function closeStatement(em: EntityManager, id: string, at: Instant): Promise<StatementRow> {
  return em.transactional(async (tx) => {
    const open = await closing(tx, id)
    if (!open) return tx.findOneOrFail(Statements, { id }, { refresh: true })
    const { lines, amount, credits } = await sumOf(tx, id)
    const { total, carriedOut } = statementSum(amount, open.carriedIn)
    const counts = { ...(await countLeaseChanges(tx, id)), credits }
    const figures = { lines, linesAmount: amount, total, carriedOut, counts }
    await tx.nativeUpdate(Statements, { id }, { ...figures, status: 'closed', closedAt: at })
    const closed = await tx.findOneOrFail(Statements, { id }, { refresh: true })
    await tell(tx, closed, at)
    return closed
  })
}

/** Notes by which plan the total is charged. */
export async function noteCharge(em: EntityManager, id: string, planId: string): Promise<void> {
  await em.nativeUpdate(Statements, { id, planId: null }, { planId })
}

/** Whether any line of the client, or a lease that is to be listed, waits for a statement. */
export async function hasWaitingLines(em: EntityManager, { id, tenant }: ClientId): Promise<boolean> {
  const [found] = await em.execute<{ is: boolean }[]>(
    `select exists (select from payroll_deductions where client_id = ? and tenant_id = ? and statement_id is null)
      or exists (select from lease_changes where client_id = ? and tenant_id = ? and statement_id is null) as is`,
    [id, tenant, id, tenant],
  )
  return found?.is ?? false
}

/** The statement, held, unless it is closed. */
async function closing(tx: EntityManager, id: string): Promise<StatementRow | null> {
  const row = await tx.findOneOrFail(Statements, { id }, { lockMode: LockMode.PESSIMISTIC_WRITE, refresh: true })
  return row.status === 'closing' ? row : null
}

async function sumOf(tx: EntityManager, id: string): Promise<{ lines: number; amount: number; credits: number }> {
  const [sums] = await tx.execute<Record<'lines' | 'amount' | 'credits', string>[]>(
    `select count(*) as lines, coalesce(sum(amount), 0) as amount, count(*) filter (where amount < 0) as credits
      from payroll_deductions where statement_id = ?`,
    [id],
  )
  return { lines: Number(sums?.lines), amount: Number(sums?.amount), credits: Number(sums?.credits) }
}

async function tell(tx: EntityManager, statement: StatementRow, at: Instant): Promise<void> {
  const { id, tenantId, clientId, number, currency, lines, total, carriedOut, periodStart, periodEnd } = statement
  const about = { statement_id: id, client_id: clientId, number, period_start: periodStart, period_end: periodEnd }
  const data = { ...about, currency, lines, total_amount: total, carried_out_amount: carriedOut }
  const key = id.slice(id.indexOf('_') + 1)
  await insertOnce(tx, Events, [
    { id: `evt_${key}_closed`, tenantId, planId: null, type: 'statement.closed', data, occurredAt: at },
  ])
  if (lines === 0) return
  const { testClockId } = await tx.findOneOrFail(Clients, { id: clientId })
  await insertOnce(tx, Notifications, [
    {
      id: `ntf_${key}_closed_email`,
      tenantId,
      statementId: id,
      customerId: clientId,
      recipient: 'client',
      type: 'statement.closed',
      channel: 'email',
      data,
      status: 'queued',
      nextAttemptAt: new Date().toISOString(),
      createdAt: at,
      testClockId: testClockId ?? null,
    },
  ])
}
