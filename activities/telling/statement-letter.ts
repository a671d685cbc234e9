import type { EntityManager } from '@mikro-orm/postgresql'
import { findCustomer, type SavedPaymentMethod } from '../../db/customers/people.ts'
import { allLeaseChanges, allLines } from '../../db/leasing/read-statements.ts'
import { type StatementFacts, statementFacts } from '../../db/leasing/statement-facts.ts'
import { Statements } from '../../db/leasing/statements.ts'
import type { NotificationRow } from '../../db/plans/notifications.ts'
import { statementTable } from '../../domain/leasing/statement-lines.ts'
import { type Letter, MailRefused } from '../../gateways/mail/mailer.ts'
import { formatsOf } from './formats.ts'
import { chosen, laidOut } from './render.ts'
import { statementPdf } from './statement-pdf.ts'
import type { StatementFigures } from './wording.ts'

/** More would be some 5 MB, which many mail servers do not take. */
const MOST_ATTACHED = 25_000

/** What a client is told of a closed statement, with all of it attached. */
export async function statementLetter(
  em: EntityManager,
  row: Pick<NotificationRow, 'tenantId' | 'customerId'>,
  statementId: string,
): Promise<Omit<Letter, 'messageId'>> {
  const statement = await em.findOneOrFail(Statements, { id: statementId })
  const client = await findCustomer(em, { tenantId: row.tenantId, id: row.customerId })
  if (!client) throw new MailRefused('The client is not known here, and so has no address')
  const facts = await statementFacts(em, statement)
  const isAttached = facts.lines + facts.leases <= MOST_ATTACHED
  const { wording, format } = chosen(client.locale)
  const figures = figuresOf(facts, { format, isAttached, method: client.defaultPaymentMethod })
  return {
    ...laidOut(wording.statement.letter(figures), {
      language: format,
      greeting: wording.greeting(client.name),
      footer: wording.statement.footer(facts.id),
    }),
    to: { name: client.name, address: client.email },
    attachments: isAttached ? await attached(() => em.fork(), facts) : [],
  }
}

function figuresOf(
  facts: StatementFacts,
  { format, isAttached, method }: { format: string; isAttached: boolean; method: SavedPaymentMethod | null },
): StatementFigures {
  const { wording } = chosen(facts.client.locale)
  const { money, date } = formatsOf(format, facts.currency, facts.timezone)
  const carried = (amount: number) => (amount === 0 ? null : money(amount))
  return {
    number: facts.number,
    days: wording.statement.days(date(facts.start), date(facts.end)),
    total: money(facts.total),
    isOwed: facts.total > 0,
    lines: wording.statement.linesOf(facts.lines, facts.employees, facts.counts.credits ?? 0),
    linesAmount: money(facts.linesAmount),
    carriedIn: carried(facts.carriedIn),
    carriedOut: carried(facts.carriedOut),
    paymentMethod: method?.label ?? null,
    isAttached,
  }
}

async function attached(em: () => EntityManager, facts: StatementFacts): Promise<Letter['attachments']> {
  const statement = { id: facts.id, tenantId: facts.tenant }
  const parts = () => [allLines(em, statement), allLeaseChanges(em, statement)] as const
  const pdf: Buffer[] = []
  for await (const chunk of statementPdf(facts, ...parts())) pdf.push(chunk)
  const csv: Buffer[] = []
  for await (const text of statementTable(...parts(), facts.currency)) csv.push(Buffer.from(text))
  const name = facts.id.replace(/[^\w.-]/g, '_')
  return [
    { filename: `${name}.pdf`, content: Buffer.concat(pdf), contentType: 'application/pdf' },
    { filename: `${name}.csv`, content: Buffer.concat(csv), contentType: 'text/csv; charset=utf-8' },
  ]
}
