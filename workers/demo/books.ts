import { formatMoney } from '../../domain/money.ts'
import type { JournalEntry, Member, PlanAnswer, Receipt } from './cast.ts'
import { all } from './http.ts'
import type { Narrator } from './narrator.ts'
import type { Stage } from './stage.ts'

const ACCOUNTS = ['receivable', 'cash', 'income', 'fees', 'discounts', 'write_offs'] as const

/** How one plan stands: the balance of each account, and what Stripe's stand-in says it holds of it. */
type Books = { member: Member; plan: PlanAnswer; balances: Map<string, number>; atGateway: number; receipts: Receipt[] }

/** Shows every plan's ledger and where to look at it. Throws when the books do not agree with each other. */
export async function closeBooks(stage: Stage, narrator: Narrator): Promise<void> {
  const books = await Promise.all(stage.members.map((member) => readBooks(stage, member)))
  showLedger(books, narrator)
  await showLinks(stage, books, narrator)
  const wrong = books.flatMap(disagreements)
  if (wrong.length > 0) throw new Error(wrong.join('\n'))
}

async function readBooks({ api, sandboxes, planOf }: Stage, member: Member): Promise<Books> {
  const path = `/payment_terms/${member.planId}`
  const [plan, entries, receipts, payments] = await Promise.all([
    planOf(member),
    all<JournalEntry>(api, `${path}/ledger?`),
    all<Receipt>(api, `${path}/receipts?`),
    sandboxes.payments(member.customer),
  ])
  const balances = new Map<string, number>()
  for (const { account, amount } of entries.flatMap(({ postings }) => postings)) {
    balances.set(account, (balances.get(account) ?? 0) + amount)
  }
  return { member, plan, balances, atGateway: payments.reduce((sum, { net }) => sum + net, 0), receipts }
}

function disagreements({ member, plan, balances, atGateway }: Books): string[] {
  const cash = balances.get('cash') ?? 0
  const receivable = balances.get('receivable') ?? 0
  const must: [string, number, number][] = [
    ["the ledger's accounts sum to", sumOf(balances), 0],
    ['cash in the ledger, compared with Stripe, is', cash, atGateway],
    ['cash, compared with paid less refunded, is', cash, plan.paid_amount - plan.refunded_amount],
    ['the receivable, compared with what is outstanding, is', receivable, plan.outstanding_amount],
  ]
  return must
    .filter(([, is, shouldBe]) => is !== shouldBe)
    .map(([what, is, shouldBe]) => `${member.who}: ${what} ${is}, not ${shouldBe}.`)
}

function sumOf(balances: Map<string, number>): number {
  return [...balances.values()].reduce((sum, amount) => sum + amount, 0)
}

function showLedger(books: Books[], narrator: Narrator): void {
  const currency = books[0]?.plan.currency ?? 'USD'
  const total = new Map<string, number>()
  for (const { balances } of books) {
    for (const [account, amount] of balances) total.set(account, (total.get(account) ?? 0) + amount)
  }
  const accounts = ACCOUNTS.filter((account) => total.has(account))
  const row = (name: string, status: string, balances: Map<string, number>, atGateway: number) => [
    `${name.padEnd(6)} ${status}`,
    ...[...accounts.map((account) => balances.get(account) ?? 0), sumOf(balances), atGateway].map((amount) =>
      formatMoney(amount, currency),
    ),
  ]
  const rows = books.map(({ member, plan, balances, atGateway }) => row(member.who, plan.status, balances, atGateway))
  const gateway = books.reduce((sum, { atGateway }) => sum + atGateway, 0)
  narrator.heading('The books: debits are positive, every row sums to nothing, cash is what Stripe holds')
  narrator.table(
    ['Plan', ...accounts.map((account) => account.replace('_', '-')), 'sum', 'at Stripe'],
    [...rows, row('All', '', total, gateway)],
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
