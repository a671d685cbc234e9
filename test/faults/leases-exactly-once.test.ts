import { randomUUID } from 'node:crypto'
import type { Answer } from '../support/e2e-client.ts'
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

const company = () => newLessee(stack, ORDERED, { maximum_per_employee: 100 })

function orderOf({ employee }: Lessee) {
  return { employee_id: employee.id, device_code: model, term_months: 12, payer: 'payroll' }
}

async function delivered(lessee: Lessee): Promise<string> {
  const { body } = await stack.insist('POST', '/leases', orderOf(lessee))
  await stack.insist('POST', `/leases/${body.lease_id}/delivered`, {})
  return body.lease_id
}

async function advance({ clock }: Lessee): Promise<void> {
  await stack.insist('POST', `/test_clocks/${clock}/advance`, { to: DUE })
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
