import { z } from 'zod'
import { instantOf } from '../../db/columns.ts'
import { insertOnce } from '../../db/insert-once.ts'
import { WebhookInbox } from '../../db/webhooks/inbox.ts'
import { type StripeHint, WebhookSignatureInvalid } from '../../gateways/stripe/webhook.ts'
import type { ApiDeps } from '../deps.ts'
import { json, problemAnswers } from '../http/answers.ts'
import type { App } from '../http/app-type.ts'
import { TAGS } from '../http/docs.ts'
import { Problem } from '../http/problem.ts'
import { deliver } from './deliver.ts'

const BODY_LIMIT = 1024 * 1024
const Received = z.object({ received: z.literal(true) }).meta({ id: 'WebhookReceived' })

/** What gateways call: kept once and answered when that is committed; what is true is then read from the gateway. */
export function webhookRoutes(app: App, deps: ApiDeps): void {
  const schema = {
    tags: [TAGS.system],
    summary: 'For Stripe; its signature is checked on the raw body',
    headers: z.object({ 'Stripe-Signature': z.string().optional() }),
    response: { 200: json(Received, 'Kept.'), ...problemAnswers([400, 413, 414, 415, 429, 500, 503]) },
  }
  app.post('/webhooks/stripe', { schema, bodyLimit: BODY_LIMIT }, async (request) => {
    const hint = read(deps, request.rawBody, request.headers['stripe-signature'])
    const { id, type, ...hints } = hint
    const now = instantOf(deps.now())
    const message = { gateway: 'stripe', id, type, hints: texts(hints), receivedAt: now, nextAttemptAt: now }
    const isNew = (await insertOnce(deps.orm.em.fork(), WebhookInbox, [message], ['gateway', 'id'])) > 0
    request.log.info({ webhook: id, type, isNew }, 'webhook')
    // Not awaited: what fails now is tried again by the loop that looks for what is left over.
    if (isNew)
      deliver(deps, { gateway: 'stripe', id }).catch((error) => request.log.warn({ err: error }, 'webhook waits'))
    return { received: true as const }
  })
}

function read(deps: ApiDeps, rawBody: Buffer | null, signature: string | string[] | undefined): StripeHint {
  try {
    return deps.readStripeWebhook(rawBody ?? Buffer.alloc(0), String(signature ?? ''))
  } catch (error) {
    if (!(error instanceof WebhookSignatureInvalid)) throw error
    throw new Problem(400, 'signature_invalid', 'The signature is not of this body, or is too old.')
  }
}

function texts(hints: Record<string, unknown>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(hints).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
  )
}
