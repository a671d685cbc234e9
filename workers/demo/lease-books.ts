import { balancesAt, type Row, refuse, showLedger, sumOf, totalOf, unlike } from './books.ts'
import {
  type Company,
  type DeviceAnswer,
  filesOf,
  type LeaseAnswer,
  type StatementAnswer,
  statementsUrl,
} from './company.ts'
import { all } from './http.ts'
import type { Narrator } from './narrator.ts'
import type { Payment } from './sandboxes.ts'
import type { Stage } from './stage.ts'

type Lease = { who: string; lease: LeaseAnswer; row: Row }
type Charged = { statement: StatementAnswer; lines: number; row: Row }

/** Shows what is booked of every lease and statement, and where every unit is. Throws when something does not agree. */
export async function closeCompany(stage: Stage, company: Company, narrator: Narrator): Promise<void> {
  const payments = await stage.sandboxes.payments(company.client)
  const isStatement = (planId: string) => company.statements.has(planId)
  const leases = await Promise.all(
    stage.members.filter(({ planId }) => !isStatement(planId)).map((member) => leaseBooks(stage, member)),
  )
  const charged = await Promise.all(
    [...company.statements].map(([plan]) => statementBooks(stage, company, plan, payments)),
  )
  const units = await unitsOf(stage, company)
  const rows = [...leases, ...charged].map(({ row }) => row)
  showLedger(rows, 'USD', narrator)
  showUnits(units, company, narrator)
  await showLinks(stage, company, charged, narrator)
  const held = payments.reduce((sum, { net }) => sum + net, 0)
  refuse([
    ...leases.flatMap(leaseDisagreements),
    ...charged.flatMap(statementDisagreements),
    ...units.flatMap((unit) => misplaced(unit, leases)),
    ...unlike('All', [
      ['payroll, over leases and statements, is', totalOf(rows).get('payroll') ?? 0, 0],
      ['cash, compared with what Stripe holds of the company, is', totalOf(rows).get('cash') ?? 0, held],
    ]),
  ])
}

async function leaseBooks({ api }: Stage, { who, path }: { who: string; path: string }): Promise<Lease> {
  const lease = await api.get<LeaseAnswer>(path)
  const balances = await balancesAt(api, path)
  return {
    who,
    lease,
    row: { name: `${who}, ${lease.lease.device.name}`, status: lease.status, balances, atGateway: 0 },
  }
}

async function statementBooks({ api }: Stage, company: Company, plan: string, payments: Payment[]): Promise<Charged> {
  const path = `/statements/${company.statements.get(plan)?.statement_id}`
  const [statement, lines, balances] = await Promise.all([
    api.get<StatementAnswer>(path),
    all<{ amount: number }>(api, `${path}/lines?`),
    balancesAt(api, path),
  ])
  const atGateway = payments
    .filter(({ metadata }) => metadata.tenor_plan === plan)
    .reduce((sum, { net }) => sum + net, 0)
  const row = { name: `Statement ${statement.number}`, status: statement.payment?.status ?? '', balances, atGateway }
  return { statement, lines: lines.reduce((sum, { amount }) => sum + amount, 0), row }
}

async function unitsOf({ api }: Stage, { codes }: Company): Promise<DeviceAnswer[]> {
  const found = await Promise.all([...codes.values()].map((code) => all<DeviceAnswer>(api, `/devices?model=${code}`)))
  return found.flat()
}

function leaseDisagreements({ lease, row: { name, balances, atGateway } }: Lease): string[] {
  return unlike(name, [
    ["the ledger's accounts sum to", sumOf(balances), 0],
    ['cash, of what comes off pay, is', balances.get('cash') ?? 0, atGateway],
    [
      'payroll, compared with paid less given back, is',
      balances.get('payroll') ?? 0,
      lease.paid_amount - lease.refunded_amount,
    ],
    [
      'the receivable, compared with what is outstanding, is',
      balances.get('receivable') ?? 0,
      lease.outstanding_amount,
    ],
  ])
}

function statementDisagreements({ statement, lines, row: { name, balances, atGateway } }: Charged): string[] {
  const { total_amount: total, carried_in_amount: carried, payment } = statement
  return unlike(name, [
    ["the ledger's accounts sum to", sumOf(balances), 0],
    ['the total, compared with its lines, is', total, lines + carried],
    ['payroll, compared with the total, is', balances.get('payroll') ?? 0, -total],
    ['cash in the ledger, compared with Stripe, is', balances.get('cash') ?? 0, atGateway],
    [
      'the receivable, compared with what is outstanding, is',
      balances.get('receivable') ?? 0,
      payment?.outstanding_amount ?? 0,
    ],
  ])
}

/** A unit is sold when its last lease ended so, with somebody while one runs, and in the stock otherwise. */
function misplaced({ device_id: id, imei, status, lease_id: holder }: DeviceAnswer, leases: Lease[]): string[] {
  const of = leases.filter(({ lease }) => lease.lease.unit?.device_id === id)
  const isWith = of.some(({ lease }) => lease.lease.ended === null)
  const isSold = of.some(({ lease }) => lease.lease.ended?.how === 'buy_out')
  const should = isSold ? 'sold' : isWith ? 'leased' : 'available'
  if (status === should && (isWith || holder === null)) return []
  return [`Unit ${imei} is ${status}, of lease ${holder}, not ${should}.`]
}

function showUnits(units: DeviceAnswer[], { codes }: Company, narrator: Narrator): void {
  const names = new Map([...codes].map(([name, code]) => [code, name]))
  const rows = units.map(({ imei, model_code, status }) => [names.get(model_code) ?? '', imei, status])
  const counts = Object.entries(Object.groupBy(units, ({ status }) => status))
  narrator.heading('The units')
  narrator.table(
    ['Model', 'IMEI', 'status'],
    [...rows, ['All', String(units.length), counts.map(([status, of]) => `${of?.length} ${status}`).join(', ')]],
  )
}

async function showLinks(stage: Stage, company: Company, charged: Charged[], narrator: Narrator): Promise<void> {
  narrator.heading('To look around')
  for (const { statement } of charged) {
    const { pdf, csv } = await filesOf(stage, company, statement)
    narrator.list([[`  Statement ${statement.number}`.padEnd(14), `${pdf}  ${csv}`]])
  }
  narrator.list([
    ['  statements  ', statementsUrl(stage, company.client)],
    ['  at Stripe', stage.sandboxes.paymentsPage(company.client)],
    ['  inbox', stage.sandboxes.inbox],
  ])
}
