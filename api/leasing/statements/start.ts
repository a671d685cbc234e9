import type { EntityManager } from '@mikro-orm/postgresql'
import { WorkflowExecutionAlreadyStartedError, WorkflowNotFoundError } from '@temporalio/client'
import { defineSearchAttributeKey, TypedSearchAttributes } from '@temporalio/common'
import { instantOf } from '../../../db/columns.ts'
import { type ClientRow, Clients } from '../../../db/leasing/clients.ts'
import { lastStatement } from '../../../db/leasing/close-statement.ts'
import { TestClocks } from '../../../db/plans/test-clocks.ts'
import { sinceEndOf, sinceNow } from '../../../domain/leasing/statements.ts'
import type { TestClock } from '../../../domain/plans/plan.ts'
import { clockWorkflowId, join } from '../../../workflows/clocks/messages.ts'
import {
  type SettingsTold,
  STATEMENTS_WORKFLOW,
  type StatementsStart,
  settingsChanged,
  statementsWorkflowId,
} from '../../../workflows/leasing/statement-messages.ts'
import type { ApiDeps } from '../../deps.ts'
import { SERVER_MS, within } from '../../http/temporal.ts'

type StartDeps = Pick<ApiDeps, 'orm' | 'temporal' | 'now'> & { config: Pick<ApiDeps['config'], 'taskQueue'> }

/**
 * Has the client's statements closed from now on, by the settings that it has now. To be called when a client is made or
 * changed; calling it again does no harm.
 */
export async function ensureStatements(deps: StartDeps, client: { id: string; tenantId: string }): Promise<void> {
  const em = deps.orm.em.fork()
  const row = await em.findOne(Clients, { id: client.id, tenantId: client.tenantId, deletedAt: null })
  if (!row) return
  const told = { settings: row.statement, isEnding: false }
  // Payroll may be offered no more, and statements still be owed for what was.
  if (!row.store.payers.includes('payroll')) return tellIfThere(deps, row, told)
  const { temporal } = deps
  const { start, options } = await beginningOf(em, deps, row)
  const tell = { signal: settingsChanged, signalArgs: [told] }
  await within(temporal, SERVER_MS, () =>
    temporal.workflow.signalWithStart(STATEMENTS_WORKFLOW, { ...options, ...tell }),
  )
  await joined(deps, start)
}

/**
 * Has them closed from now on if they are not yet: they may never have begun, or have been ended by hand. To be called
 * before each lease that is paid by payroll; one that is told nothing is not woken.
 */
export async function beginStatements(deps: StartDeps, client: { id: string; tenantId: string }): Promise<void> {
  const em = deps.orm.em.fork()
  const row = await em.findOne(Clients, { id: client.id, tenantId: client.tenantId, deletedAt: null })
  if (!row) return
  const { temporal } = deps
  const { start, options } = await beginningOf(em, deps, row)
  const begin = within(temporal, SERVER_MS, () => temporal.workflow.start(STATEMENTS_WORKFLOW, options))
  const isNew = await begin.then(
    () => true,
    (error: unknown) => {
      if (error instanceof WorkflowExecutionAlreadyStartedError) return false
      throw error
    },
  )
  if (isNew) await joined(deps, start)
}

async function beginningOf(em: EntityManager, deps: StartDeps, row: ClientRow) {
  const start = await startOf(em, deps, row)
  const options = {
    workflowId: statementsWorkflowId(row.id),
    taskQueue: deps.config.taskQueue,
    args: [start] as [StatementsStart],
    typedSearchAttributes: searchAttributesOf(row),
    staticSummary: `Statements of client ${row.id}`,
  }
  return { start, options }
}

/** They join by themselves when a worker comes to them: a clock that is advanced before would pass them by. */
async function joined({ temporal }: StartDeps, { client, clock }: StatementsStart): Promise<void> {
  if (!clock) return
  const handle = temporal.workflow.getHandle(clockWorkflowId(clock.id))
  await ifThere(temporal, () => handle.signal(join, { workflow: statementsWorkflowId(client) }))
}

/** For a client that was deleted: what is left of it is put on a last statement, at the end of its period. */
export async function endStatements(
  deps: Pick<ApiDeps, 'temporal'>,
  client: Pick<ClientRow, 'id' | 'statement'>,
): Promise<void> {
  await tellIfThere(deps, client, { settings: client.statement, isEnding: true })
}

function tellIfThere(
  { temporal }: Pick<ApiDeps, 'temporal'>,
  { id }: Pick<ClientRow, 'id'>,
  told: SettingsTold,
): Promise<void> {
  const handle = temporal.workflow.getHandle(statementsWorkflowId(id))
  return ifThere(temporal, () => handle.signal(settingsChanged, told))
}

/** Does nothing when the workflow is over, or never was. */
async function ifThere(temporal: ApiDeps['temporal'], tell: () => Promise<void>): Promise<void> {
  await within(temporal, SERVER_MS, tell).catch((error: unknown) => {
    if (!(error instanceof WorkflowNotFoundError)) throw error
  })
}

/** Goes on after the last statement there is, so that no line is ever between two. */
async function startOf(em: EntityManager, deps: StartDeps, row: ClientRow): Promise<StatementsStart> {
  const clock = await clockOf(em, row)
  const last = await lastStatement(em, { id: row.id, tenant: row.tenantId })
  const since = last
    ? last.status === 'closed'
      ? sinceEndOf({ end: last.periodEnd, cutOff: last.cutOff })
      : { date: last.periodStart, at: row.createdAt }
    : sinceNow(clock?.now ?? instantOf(deps.now()), row.statement)
  const { id: client, tenantId: tenant, statement: settings } = row
  return { client, tenant, settings, since, clock, clockTick: 0, isEnding: false, isGoingOn: false }
}

async function clockOf(em: EntityManager, { testClockId }: ClientRow): Promise<TestClock | null> {
  const clock = testClockId ? await em.findOne(TestClocks, { id: testClockId }) : null
  return clock && { id: clock.id, now: clock.now }
}

function searchAttributesOf({ id, tenantId, currency }: ClientRow): TypedSearchAttributes {
  const keyword = (name: string, value: string) => ({ key: defineSearchAttributeKey(name, 'KEYWORD'), value })
  return new TypedSearchAttributes([
    keyword('TenorPlanKind', 'client_statements'),
    keyword('TenorCustomer', id),
    keyword('TenorTenant', tenantId),
    keyword('TenorCurrency', currency),
  ])
}
