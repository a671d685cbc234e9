import { withoutTenant } from '../../db/tenancy/scope.ts'
import { WebhookInbox } from '../../db/webhooks/inbox.ts'
import { type Ops, UsageError } from './connect.ts'

export type WebhookOptions = { id?: string | undefined; again?: boolean; done?: boolean; reason?: string | undefined }

/** What becomes of a webhook that is held: it is tried again, or noted as dealt with and no longer listed as stuck. */
export async function webhookCommand({ orm, say }: Ops, options: WebhookOptions): Promise<number> {
  const { id, again = false, done = false, reason } = options
  if (id === undefined) throw new UsageError('Say which webhook: webhook <id>.')
  if (again === done) throw new UsageError('Say --again or --done.')
  if (done && !reason) throw new UsageError('Say what was done: --reason.')
  const em = orm.em.fork()
  const held = { id, processedAt: null, nextAttemptAt: null }
  const now = new Date().toISOString()
  const change = done
    ? { processedAt: now, lastError: `dealt with by hand: ${reason}` }
    : { attempts: 0, nextAttemptAt: now }
  const changed = await withoutTenant(() => em.nativeUpdate(WebhookInbox, held, change))
  if (changed === 0) throw new UsageError(`No webhook ${id} is held.`)
  say(done ? `${id} is dealt with.` : `${id} is tried again now.`)
  return 0
}
