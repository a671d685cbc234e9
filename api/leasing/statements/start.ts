import type { EntityManager } from '@mikro-orm/postgresql'
import { Clients } from '../../../db/leasing/clients.ts'
import type { ApiDeps } from '../../deps.ts'
import { SERVER_MS, within } from '../../http/temporal.ts'

/** The workflow that closes a client's statements, where some of its leases are paid by payroll. */
export async function ensureStatements(deps: ApiDeps, client: { id: string; tenantId: string }): Promise<void> {
  const { temporal, config } = deps
  if (!(await isPaidByPayroll(deps.orm.em.fork(), client))) return
  await within(temporal, SERVER_MS, () =>
    temporal.workflow.start('clientStatement', {
      workflowId: `client-statement-${client.id}`,
      args: [{ tenant: client.tenantId, client: client.id }],
      taskQueue: config.taskQueue,
      workflowIdConflictPolicy: 'USE_EXISTING',
    }),
  )
}

async function isPaidByPayroll(em: EntityManager, { id, tenantId }: { id: string; tenantId: string }) {
  const client = await em.findOne(Clients, { id, tenantId, deletedAt: null })
  return client?.store.payers.includes('payroll') ?? false
}
