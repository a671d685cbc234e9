import type { EntityManager } from '@mikro-orm/postgresql'
import { type NotificationRow, Notifications } from '../../db/plans/notifications.ts'
import { type Letter, type Mailer, MailRefused } from '../../gateways/mail/mailer.ts'
import { backOffMs, MOST_ATTEMPTS } from './back-off.ts'
import { loadToTell, type ToTell } from './facts.ts'
import { claim, each, inWords, nowOf, type OutboxDeps } from './outbox.ts'
import { numberOf, receiptPdf } from './receipt-pdf.ts'
import { render } from './render.ts'
import { statementLetter } from './statement-letter.ts'

const OUTBOX = {
  table: 'notifications',
  waiting: `status = 'queued'`,
  attempts: 'attempts',
  nextAttemptAt: 'next_attempt_at',
}

/** `backOffice` is the address that our own people are written to at. */
export type NoticeDeps = OutboxDeps & { mailer: Mailer; backOffice: string }

/**
 * Sends what is queued and due, and answers how many it took. A letter that the server does not take is tried again
 * for three days; one that it refuses for good, or that nobody could get, is `failed` at once (keeps Telling people).
 */
export async function deliverNotices(deps: NoticeDeps): Promise<number> {
  const claimed = await claim(deps, OUTBOX)
  await each(claimed, (id) => deliver(deps, id))
  return claimed.length
}

async function deliver(deps: NoticeDeps, id: string): Promise<void> {
  const em = deps.em()
  const row = await em.findOneOrFail(Notifications, { id })
  const end = await tried(deps.mailer, row, () => written(em, row, deps.backOffice))
  const over = end === null || end instanceof MailRefused || row.attempts >= MOST_ATTEMPTS
  const now = nowOf(deps)
  const later = new Date(now.getTime() + backOffMs(row.attempts, deps.random?.() ?? Math.random()))
  const status = end === null ? 'sent' : over ? 'failed' : 'queued'
  await deps.em().nativeUpdate(
    Notifications,
    { id, status: 'queued' },
    {
      status,
      nextAttemptAt: over ? null : later.toISOString(),
      sentAt: end === null ? sentAt(row, now) : null,
      lastError: end === null ? null : inWords(end),
    },
  )
  deps.onTold?.('notice', status === 'queued' ? 'delayed' : status)
}

/** `null` when it was sent, else what was in the way. */
async function tried(mailer: Mailer, row: NotificationRow, write: () => Promise<Written>): Promise<unknown> {
  try {
    // The same for every try, so that a copy sent after a crash is known as a copy.
    await mailer.send({ ...(await write()), messageId: `${row.id}@tenor` })
    return null
  } catch (error) {
    return error ?? new Error('unknown')
  }
}

type Written = Omit<Letter, 'messageId'>

async function written(em: EntityManager, row: NotificationRow, backOffice: string): Promise<Written> {
  return row.statementId ? statementLetter(em, row, row.statementId) : letter(await loadToTell(em, row, backOffice))
}

async function letter({ notice, recipient, receipt }: ToTell): Promise<Written> {
  if (!recipient) throw new MailRefused(`The ${notice.to} is not known here, and so has no address`)
  const content = receipt && (await receiptPdf(receipt))
  const attachment = content && { filename: `${numberOf(receipt)}.pdf`, content, contentType: 'application/pdf' }
  return {
    ...render(notice, recipient, recipient.locale ?? null),
    to: { name: recipient.name, address: recipient.email },
    attachments: attachment ? [attachment] : [],
  }
}

/** A plan on a test clock lives at its clock's moments, letters included. */
function sentAt(row: NotificationRow, now: Date): string {
  return row.testClockId === null ? now.toISOString() : row.createdAt
}
