import { randomUUID } from 'node:crypto'
import type { Answer } from '../support/e2e-client.ts'
import type { Mail } from '../support/shapes.ts'
import { FaultStack } from './fault-stack.ts'
import { converged, violations } from './judge.ts'
import { type Lease, type Lessee, newLessee, newModel, payrollViolations, stockViolations } from './leasing.ts'
import { strikesOf } from './strikes.ts'

/** The table "Exactly once" for leases: a unit is reserved once, pay is deducted once, whoever is killed meanwhile. */

let stack: FaultStack
let model: string
beforeAll(async () => {
  stack = await FaultStack.start()
  model = await newModel(stack, 40)
}, 180_000)
afterAll(() => stack?.stop(), 60_000)
afterEach(async () => {
  for (const program of ['worker', 'api'] as const) stack.disarm(program)
  await stack.startAll()
}, 60_000)

const ORDERED = '2027-01-13T12:00:00Z'
const DUE = '2027-01-15T12:00:00Z'
const WITHIN_MS = 60_000
/** 900.00 less a tenth in 12. */
const MONTHLY = 6_750

/** What closing a statement leaves behind: it, its lines, the plan that charges it. From there on it is as any plan is. */
const OF_CLOSING = /statements|commit of (payroll_deductions|lease_changes)|installments, plans/
/** The day after the statement of so many months is closed. */
const closed = (months: number) => new Date(Date.UTC(2027, months, 2)).toISOString()

const company = () => newLessee(stack, ORDERED, { maximum_per_employee: 100 })

function orderOf({ employee }: Lessee) {
  return { employee_id: employee.id, device_code: model, term_months: 12, payer: 'payroll' }
}

async function delivered(lessee: Lessee): Promise<string> {
  const { body } = await stack.insist('POST', '/leases', orderOf(lessee))
  await stack.insist('POST', `/leases/${body.lease_id}/delivered`, {})
  return body.lease_id
}

async function advance({ clock }: Lessee, to = DUE): Promise<void> {
  await stack.insist('POST', `/test_clocks/${clock}/advance`, { to })
  await stack.settled(clock)
}

/** Has the worker killed at a point of some work, and brought back; what the work comes to in the end. */
async function withKill<T>(point: string, work: () => Promise<T>): Promise<T> {
  stack.arm('worker', point)
  const [done] = await Promise.all([
    work(),
    stack.tenor
      .until(`the worker to be killed ${point}`, async () => stack.wasHit('worker') || undefined)
      .then(() => stack.start('worker')),
  ])
  return done
}

/** What the company was sent with papers: its statements, and the receipts for what they were charged. */
async function lettersTo({ employee }: Lessee): Promise<Mail[]> {
  const letters = await stack.tenor.inbox(`payroll@${employee.email.split('@')[1]}`)
  return letters.filter(({ attachments }) => attachments.length > 0)
}

/** The company has so many statements of two lines, each charged by one payment, and one letter and one receipt of each. */
async function expectStatements(lessee: Lessee, count: number): Promise<void> {
  const each = <T>(one: T) => Array.from({ length: count }, () => one)
  const of = (table: string) => `(select count(*)::int from ${table})`
  const statements = await stack.rows(
    `select number, status, total::int, ${of('payroll_deductions where statement_id = s.id')} as lines,
        ${of(`transactions where plan_id = s.plan_id and status = 'succeeded' and amount = s.total`)} as paid,
        ${of('transactions where plan_id = s.plan_id')} as tried
      from statements s where client_id = $1 order by number`,
    [lessee.client],
  )
  const wanted = { status: 'closed', total: 2 * MONTHLY, lines: 2, paid: 1, tried: 1 }
  expect(statements).toEqual(each(wanted).map((one, k) => ({ number: k + 1, ...one })))
  const payments = await stack.tenor.payments(lessee.client)
  expect(payments.map((p) => [p.charges_made, p.amount_charged])).toEqual(each([1, wanted.total]))
  const letters = await stack.tenor.until('every letter to be sent', async () => {
    await stack.passLeases()
    const sent = await lettersTo(lessee)
    return sent.length >= 2 * count ? sent : undefined
  })
  const isStatement = ({ attachments }: Mail) => attachments.some(({ filename }) => filename.endsWith('.csv'))
  expect([letters.length, letters.filter(isStatement).length]).toEqual([2 * count, count])
}

/** Each of these leases is proven, and stock, lines of pay and statements are right as a whole. */
async function expectRight(leases: { id: string; lessee: Lessee }[]): Promise<void> {
  await stack.passLeases()
  const judged = leases.map(({ id, lessee }) => ({ id, customer: lessee.employee }))
  await converged(stack.tenor, judged, WITHIN_MS)
  for (const lease of judged) expect(await violations(stack.tenor, lease)).toEqual([])
  expect(await stockViolations(stack.tenor)).toEqual([])
  expect(await payrollViolations(stack)).toEqual([])
}

describe('the worker is killed', () => {
  it('at any point at which an order is put on record: one lease, one unit', async () => {
    const lessee = await company()
    const seen = await stack.pointsOf('worker', () => stack.insist('POST', '/leases', orderOf(lessee)))
    const all = [...new Set(seen)].filter((point) => /devices|activity record(?!Clock)/.test(point))
    expect(all).toContainEqual(expect.stringMatching(/^after commit of devices, .*leases/))
    const points = strikesOf(all)
    const answers: Answer<Lease>[] = []
    for (const point of points) {
      answers.push(await withKill(point, () => stack.insist('POST', '/leases', orderOf(lessee))))
    }
    expect(answers.map(({ status }) => status)).toEqual(points.map(() => 201))
    await expectOneUnitEach(lessee, answers, 1)
  }, 600_000)

  it('at any point of a charge to payroll: the employee has it deducted once', async () => {
    const first = await company()
    await delivered(first)
    const seen = await stack.pointsOf('worker', () => advance(first))
    const ofCharge = [...new Set(seen.slice(seen.indexOf('before activity chargeInstallment')))]
    const all = ofCharge.filter((at) => /chargeInstallment|transactions/.test(at))
    expect(all).toContainEqual(expect.stringMatching(/^after commit of .*payroll_deductions/))
    const points = strikesOf(all)
    const leases: { id: string; lessee: Lessee }[] = []
    for (const point of points) {
      const lessee = await company()
      leases.push({ id: await delivered(lessee), lessee })
      await withKill(point, () => advance(lessee))
    }
    await expectRight(leases)
    for (const [k, { id }] of leases.entries()) {
      const deducted = (await stack.tenor.transactions(id)).map((t) => [t.gateway, t.status, t.attempt, t.amount])
      expect([points[k], deducted]).toEqual([points[k], [['payroll', 'succeeded', 1, MONTHLY]]])
    }
  }, 600_000)

  it('at any point of the closing of a statement: one a month with every line, charged once, told of once', async () => {
    const lessee = await company()
    const leases = [await delivered(lessee), await delivered(lessee)]
    const seen = await stack.pointsOf('worker', () => advance(lessee, closed(1)))
    const all = [...new Set(seen)].filter((point) => OF_CLOSING.test(point))
    expect(all).toEqual(expect.arrayContaining(['before update of statements', 'after commit of payroll_deductions']))
    expect(all.length).toBeGreaterThanOrEqual(10)
    const points = strikesOf(all)
    for (const [k, point] of points.entries()) await withKill(point, () => advance(lessee, closed(k + 2)))
    await expectRight(leases.map((id) => ({ id, lessee })))
    await expectStatements(lessee, points.length + 1)
  }, 600_000)
})

it('the API is killed in the middle of an order: the repeat gives one lease and one unit, and nothing stays held', async () => {
  const lessee = await company()
  const order = (key: string) => stack.tenor.ask<Lease>('POST', '/leases', { body: orderOf(lessee), key })
  const seen = await stack.pointsOf('api', () => order(randomUUID()))
  const points = [...new Set(seen)].filter((point) => /idempotency|devices|workflow/.test(point))
  expect(points).toEqual(
    expect.arrayContaining(['after commit of devices', 'before start of a workflow', 'after start of a workflow']),
  )
  const broken: { point: string; key: string }[] = []
  for (const point of points) {
    const key = randomUUID()
    broken.push({ point, key })
    stack.arm('api', point)
    await expect(order(key)).rejects.toThrow()
    expect([point, stack.wasHit('api')]).toEqual([point, true])
    await stack.start('api')
  }
  await stack.passLeases()
  const answers: Answer<Lease>[] = []
  for (const { key } of broken) answers.push(await stack.insist('POST', '/leases', orderOf(lessee), key))
  expect(answers.map(({ status }, k) => [points[k], status])).toEqual(points.map((point) => [point, 201]))
  await expectOneUnitEach(lessee, answers, 1)
}, 600_000)

/** The employee has a lease with a unit of its own for each of these answers, and `others` that were made before. */
async function expectOneUnitEach(lessee: Lessee, answers: Answer<Lease>[], others: number): Promise<void> {
  const leases = await stack.tenor.all<Lease>(`/leases?employee_id=${lessee.employee.id}`)
  const ids = leases.map(({ lease_id }) => lease_id)
  expect(ids).toHaveLength(answers.length + others)
  expect(ids).toEqual(expect.arrayContaining(answers.map(({ body }) => body.lease_id)))
  const units = await stack.tenor.all<{ lease_id: string }>(`/devices?model=${model}&status=reserved`)
  expect(units.map(({ lease_id }) => lease_id)).toEqual(expect.arrayContaining(ids))
  expect(new Set(leases.map(({ lease }) => lease.unit?.device_id)).size).toBe(leases.length)
  await expectRight(ids.map((id) => ({ id, lessee })))
}
