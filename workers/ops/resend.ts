import { Notifications } from '../../db/plans/notifications.ts'
import { acrossTenants, inTenant } from '../../db/tenancy/scope.ts'
import { type Ops, UsageError } from './connect.ts'

/** Queues a letter again, whatever became of it. Its Message-ID stays, so that a copy is known as a copy. */
export async function resendCommand({ orm, say }: Ops, id: string | undefined): Promise<number> {
  if (id === undefined) throw new UsageError('Say which notification: resend <id>.')
  const em = orm.em.fork()
  const row = await acrossTenants(() => em.findOne(Notifications, { id }))
  if (!row) throw new UsageError(`There is no notification ${id}.`)
  const again = { status: 'queued' as const, attempts: 0, nextAttemptAt: new Date().toISOString(), lastError: null }
  await inTenant(row.tenantId, () => em.nativeUpdate(Notifications, { id }, again))
  say(`${id} (${row.type}, ${row.status} until now) is queued again.`)
  return 0
}
