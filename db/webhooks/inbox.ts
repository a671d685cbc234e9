import { defineEntity, type InferEntity, p } from '@mikro-orm/core'
import { instant, text } from '../columns.ts'

/**
 * What gateways have called about, each event once. Only hints are kept (ids to look up): what is true is read from the
 * gateway. No tenant: whose it is turns out when it is matched.
 */
export const WebhookInbox = defineEntity({
  name: 'WebhookMessage',
  tableName: 'webhook_inbox',
  properties: {
    gateway: text().primary(),
    id: text().primary(),
    type: text(),
    hints: p.json<Record<string, string>>(),
    receivedAt: instant(),
    processedAt: instant().nullable(),
    attempts: p.integer().default(0),
    /** Null once processed, and of one that is not: held for people to deal with. */
    nextAttemptAt: instant().nullable(),
    lastError: text().nullable(),
  },
  indexes: [{ name: 'webhook_inbox_waiting', properties: ['nextAttemptAt'], where: 'processed_at is null' }],
})

export type WebhookMessageRow = InferEntity<typeof WebhookInbox>
