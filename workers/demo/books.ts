import { formatMoney } from '../../domain/money.ts'
import type { JournalEntry, Member, PlanAnswer, Receipt } from './cast.ts'
import { all, type Http } from './http.ts'
import type { Narrator } from './narrator.ts'
import type { Stage } from './stage.ts'

const ACCOUNTS = ['receivable', 'cash', 'payroll', 'income', 'fees', 'discounts', 'write_offs'] as const

/** The balance of each account. */
export type Balances = Map<string, number>
/** A plan in the table of the books: what its ledger holds, and what Stripe's stand-in says it holds of it. */
export type Row = { name: string; status: string; balances: Balances; atGateway: number }

/** How one premium stands. */
type Books = { member: Member; plan: PlanAnswer; balances: Balances; atGateway: number; receipts: Receipt[] }

/** Shows every plan's ledger and where to look at it. Throws when the books do not agree with each other. */
export async function closeBooks(stage: Stage, narrator: Narrator): Promise<void> {
  const books = await Promise.all(stage.members.map((member) => readBooks(stage, member)))
  const rows = books.map(({ member, plan, ...more }) => ({ ...more, name: member.who, status: plan.status }))
  showLedger(rows, books[0]?.plan.currency ?? 'USD', narrator)
  await showLinks(stage, books, narrator)
  refuse(books.flatMap(disagreements))
}

export function refuse(wrong: string[]): void {
  if (wrong.length > 0) throw new Error(wrong.join('\n'))
}

async function readBooks({ api, sandboxes, planOf }: Stage, member: Member): Promise<Books> {
  const [plan, balances, receipts, payments] = await Promise.all([
    planOf(member),
    balancesAt(api, member.path),
    all<Receipt>(api, `${member.path}/receipts?`),
    sandboxes.payments(member.customer),
  ])
  return { member, plan, balances, atGateway: payments.reduce((sum, { net }) => sum + net, 0), receipts }
}

/** Of everything that is booked of a plan, or of whatever else has a ledger at this path. */
export async function balancesAt(api: Http, path: string): Promise<Balances> {
  const balances: Balances = new Map()
  for (const { account, amount } of (await all<JournalEntry>(api, `${path}/ledger?`)).flatMap((one) => one.postings)) {
    balances.set(account, (balances.get(account) ?? 0) + amount)
  }
  return balances
}

function disagreements({ member, plan, balances, atGateway }: Books): string[] {
  const cash = balances.get('cash') ?? 0
  const receivable = balances.get('receivable') ?? 0
  return unlike(member.who, [
    ["the ledger's accounts sum to", sumOf(balances), 0],
    ['cash in the ledger, compared with Stripe, is', cash, atGateway],
    ['cash, compared with paid less refunded, is', cash, plan.paid_amount - plan.refunded_amount],
    ['the receivable, compared with what is outstanding, is', receivable, plan.outstanding_amount],
  ])
}

/** What is not as it should be, in words. */
export function unlike(who: string, must: [what: string, is: number, shouldBe: number][]): string[] {
  return must
    .filter(([, is, shouldBe]) => is !== shouldBe)
    .map(([what, is, shouldBe]) => `${who}: ${what} ${is}, not ${shouldBe}.`)
}

export function sumOf(balances: Balances): number {
  return [...balances.values()].reduce((sum, amount) => sum + amount, 0)
}

export function totalOf(rows: Pick<Row, 'balances'>[]): Balances {
  const total: Balances = new Map()
  for (const { balances } of rows) {
    for (const [account, amount] of balances) total.set(account, (total.get(account) ?? 0) + amount)
  }
  return total
}

export function showLedger(rows: Row[], currency: string, narrator: Narrator): void {
  const total = totalOf(rows)
  const accounts = ACCOUNTS.filter((account) => total.has(account))
  const width = Math.max(6, ...rows.map(({ name }) => name.length))
  const cells = ({ name, status, balances, atGateway }: Row) => [
    `${name.padEnd(width)} ${status}`,
    ...[...accounts.map((account) => balances.get(account) ?? 0), sumOf(balances), atGateway].map((amount) =>
      formatMoney(amount, currency),
    ),
  ]
  const atGateway = rows.reduce((sum, row) => sum + row.atGateway, 0)
  narrator.heading('The books: debits are positive, every row sums to nothing, cash is what Stripe holds')
  narrator.table(
    ['Plan', ...accounts.map((account) => account.replace('_', '-')), 'sum', 'at Stripe'],
    [...rows.map(cells), cells({ name: 'All', status: '', balances: total, atGateway })],
  )
}

async function showLinks({ sandboxes }: Stage, books: Books[], narrator: Narrator): Promise<void> {
  narrator.heading('To look around')
  for (const { member, plan, receipts } of books) {
    const last = receipts.findLast(() => true)
    const mail = last && (await sandboxes.receiptMail(member.email, last.transaction_id))
    narrator.say(`  ${member.who}, ${receipts.length} receipts`)
    narrator.list([
      ['  in Temporal', plan.workflow.ui_url],
      ['  last receipt', mail?.pdf ?? 'none'],
      ['  at Stripe', sandboxes.paymentsPage(member.customer)],
    ])
  }
  narrator.say('  All')
  narrator.list([
    ['  inbox', sandboxes.inbox],
    ['  cases', sandboxes.casesPage],
  ])
}
