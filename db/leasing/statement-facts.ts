import type { EntityManager } from '@mikro-orm/postgresql'
import type { CivilDate, Currency, Instant } from '../../domain/plans/terms.ts'
import { findCustomer } from '../customers/people.ts'
import { Clients } from './clients.ts'
import { countEmployees } from './read-statements.ts'
import type { StatementRow } from './statements.ts'

/** What stands on a statement besides its lines. Amounts are minor units. */
export type StatementFacts = {
  id: string
  tenant: string
  number: number
  client: { id: string; name: string | null; locale: string | null }
  currency: Currency
  timezone: string
  start: CivilDate
  end: CivilDate
  closedAt: Instant
  lines: number
  employees: number
  /** Employees with more than one line: what they come to is told. */
  withTotal: number
  linesAmount: number
  carriedIn: number
  carriedOut: number
  total: number
  counts: Record<string, number>
  /** Those that it lists as new, changed and ended. */
  leases: number
}

/** To be called for one that is closed. */
export async function statementFacts(em: EntityManager, statement: StatementRow): Promise<StatementFacts> {
  const { id, tenantId, clientId, lines, linesAmount, carriedIn, carriedOut, total, counts } = statement
  const customer = await findCustomer(em, { tenantId, id: clientId })
  const client = await em.findOneOrFail(Clients, { id: clientId })
  const employees = await countEmployees(em, id)
  return {
    ...{ id, lines, linesAmount, carriedIn, carriedOut, total, counts },
    tenant: tenantId,
    number: statement.number,
    client: { id: clientId, name: customer?.name ?? null, locale: customer?.locale ?? null },
    currency: statement.currency,
    timezone: client.statement.timezone,
    start: statement.periodStart,
    end: statement.periodEnd,
    closedAt: statement.closedAt ?? statement.createdAt,
    employees: employees.all,
    leases: (counts.new ?? 0) + (counts.changed ?? 0) + (counts.ended ?? 0),
    withTotal: employees.several,
  }
}
