import { LeaseChanges } from '../../db/leasing/lease-changes.ts'
import { Leases } from '../../db/leasing/leases.ts'
import { PayrollDeductions } from '../../db/leasing/statements.ts'
import { Devices } from '../../db/leasing/stock.ts'
import { Escalations } from '../../db/plans/escalations.ts'
import { Notifications } from '../../db/plans/notifications.ts'
import { recordedFacts } from '../../db/plans/proof.ts'
import { findPlan } from '../../db/plans/read.ts'
import type { EndChoice } from '../../domain/leasing/lease.ts'
import type { Plan } from '../../domain/plans/plan.ts'
import { prove } from '../../domain/plans/proof.ts'
import { startWorkflowWorld, type WorkflowWorld } from '../../test/support/workflow-world.ts'
import * as messages from '../plans/messages.ts'
import * as leasing from './messages.ts'

let world: WorkflowWorld
beforeAll(async () => {
  world = await startWorkflowWorld()
}, 120_000)
afterAll(async () => world?.close())

const ORDERED = '2027-01-11T10:00:00Z'
const handleOf = (plan: Plan) => world.client.workflow.getHandle(messages.planWorkflowId(plan))
const planRow = ({ id }: Plan) => findPlan(world.orm.em.fork(), 'acme', id)
const unitOf = ({ id }: Plan) => world.orm.em.fork().findOneOrFail(Leases, { planId: id })

async function statusOfUnit(plan: Plan): Promise<[string, string | null | undefined]> {
  const { unitId } = await unitOf(plan)
  const { status, leaseId } = await world.orm.em.fork().findOneOrFail(Devices, { id: unitId })
  return [status, leaseId]
}

/** What a statement is to list of it. */
async function listedOf({ id: planId }: Plan) {
  const rows = await world.orm.em.fork().find(LeaseChanges, { planId }, { orderBy: { at: 'asc', id: 'asc' } })
  return rows.map((row) => [row.change, row.date, row.device, row.previousMonthlyAmount, row.monthlyAmount, row.how])
}

async function deductedOf({ id: planId }: Plan): Promise<number[]> {
  const rows = await world.orm.em.fork().find(PayrollDeductions, { planId }, { orderBy: { at: 'asc', id: 'asc' } })
  return rows.map(({ amount }) => amount)
}

/** What the rows of a plan that is over say of themselves; the gateway has nothing of it. */
async function differences(plan: Plan): Promise<string[]> {
  const recorded = await recordedFacts(world.orm.em.fork(), plan.id)
  if (!recorded) throw new Error('not recorded')
  const workflow = { status: 'COMPLETED', plan: null, troubles: [], isBlocked: false }
  const proof = prove({ ...recorded, workflow, gateway: { payments: [], refunds: [] } })
  return proof.checks.flatMap((check) => check.differences.filter((d) => d.kind === 'different').map((d) => d.detail))
}

/** Ordered on the 11th, dispatched on the 12th, delivered on the 15th. */
async function deliveredLease(): Promise<{ plan: Plan; clock: string }> {
  const clock = await world.startClock(ORDERED)
  const plan = await world.startLease(clock, ORDERED)
  expect(await statusOfUnit(plan)).toEqual(['reserved', plan.id])
  await world.advanceTo(clock, '2027-01-12T10:00:00Z')
  await handleOf(plan).executeUpdate(leasing.dispatch, { args: [{ id: 'd1', tracking: 'T1' }] })
  await world.advanceTo(clock, '2027-01-15T08:00:00Z')
  await handleOf(plan).executeUpdate(leasing.deliver, { args: [{ id: 'd2' }] })
  expect(await planRow(plan)).toMatchObject({ status: 'active', startDate: '2027-01-15', endDate: '2028-01-15' })
  expect(await statusOfUnit(plan)).toEqual(['leased', plan.id])
  return { plan, clock }
}

describe('a lease', () => {
  it.each<[EndChoice['choice'], EndChoice | null, string, number[], string]>([
    ['return', null, '2028-01-15T00:00:00Z', Array(12).fill(10_000), 'maintenance'],
    [
      'extend',
      { choice: 'extend', months: 2 },
      '2028-03-15T00:00:00Z',
      [...Array(12).fill(10_000), 5_000, 5_000],
      'maintenance',
    ],
    ['buy_out', { choice: 'buy_out' }, '2028-01-15T00:00:00Z', [...Array(12).fill(10_000), 15_000], 'sold'],
  ])(
    'is ordered, delivered, deducted from pay every month, and ends by %s',
    async (_, end, until, deducted, unit) => {
      const { plan, clock } = await deliveredLease()
      if (end) await handleOf(plan).executeUpdate(leasing.chooseEnd, { args: [{ id: 'e1', end }] })
      await world.advanceTo(clock, until)
      const total = deducted.reduce((sum, amount) => sum + amount, 0)
      expect(await planRow(plan)).toMatchObject({ status: 'completed', paidAmount: total, outstandingAmount: 0 })
      expect(await deductedOf(plan)).toEqual(deducted)
      expect(await statusOfUnit(plan)).toEqual([unit, null])
      expect(await unitOf(plan)).toMatchObject({ isRunning: false, payer: 'payroll', dispatchBy: null })
      expect(await differences(plan)).toEqual([])
      await expect(handleOf(plan).result()).resolves.toBeUndefined()
    },
    180_000,
  )

  it('that is not dispatched is escalated; without a unit it is terminated, and everybody is told', async () => {
    const clock = await world.startClock(ORDERED)
    const plan = await world.startLease(clock, ORDERED)
    await world.advanceTo(clock, '2027-01-18T00:00:00Z')
    const em = world.orm.em.fork()
    expect(await em.find(Escalations, { planId: plan.id })).toMatchObject([
      { reason: 'not_dispatched', status: 'open' },
    ])
    const substitute = await world.holdUnit(plan.id)
    await handleOf(plan).executeUpdate(leasing.markOutOfStock, { args: [{ id: 'o1', substitute }] })
    expect([(await unitOf(plan)).unitId, await statusOfUnit(plan)]).toEqual([substitute, ['reserved', plan.id]])
    await handleOf(plan).executeUpdate(leasing.markOutOfStock, { args: [{ id: 'o2', substitute: null }] })
    await expect(handleOf(plan).result()).resolves.toBeUndefined()
    expect(await planRow(plan)).toMatchObject({ status: 'terminated', outstandingAmount: 0, escalated: false })
    const told = await world.orm.em.fork().find(Notifications, { planId: plan.id, type: 'lease.terminated' })
    expect(told.map(({ recipient }) => recipient).toSorted()).toEqual(['back_office', 'client', 'customer'])
    expect(await listedOf(plan)).toEqual([])
    expect(await differences(plan)).toEqual([])
  }, 120_000)

  it('is exchanged, and lost: each unit goes where it should, and what was to come is deducted at once', async () => {
    const { plan, clock } = await deliveredLease()
    const first = (await unitOf(plan)).unitId
    const unit = await world.holdUnit(plan.id)
    const device = { code: 'tablet', name: 'Tablet', price: 99_000, subsidy: 0, residual: 9_000 }
    await world.advanceTo(clock, '2027-01-20T00:00:00Z')
    const exchange = { id: 'x1', unit, device, monthly: 7_000 }
    await handleOf(plan).executeUpdate(leasing.exchange, { args: [exchange] })
    await handleOf(plan).executeUpdate(leasing.exchange, { args: [exchange] })
    await handleOf(plan).executeUpdate(leasing.reportGone, { args: [{ id: 'g1', how: 'lost' }] })
    await world.advanceTo(clock, '2027-01-21T00:00:00Z')
    expect(await deductedOf(plan)).toEqual([10_000, 11 * 7_000 + 9_000])
    const devices = await world.orm.em.fork().find(Devices, { id: { $in: [first, unit] } }, { orderBy: { id: 'asc' } })
    const where = Object.fromEntries(devices.map(({ id, status }) => [id, status]))
    expect(where).toEqual({ [first]: 'maintenance', [unit]: 'lost' })
    const exchanged = ['changed', '2027-01-20', 'Tablet', 10_000, 7_000, null]
    expect(await listedOf(plan)).toEqual([
      ['began', '2027-01-15', 'Phone', null, 10_000, null],
      // As another amount, and as another device: one change on a statement.
      exchanged,
      ['ended', '2027-01-20', 'Tablet', 7_000, null, 'lost'],
      exchanged,
    ])
    expect(await planRow(plan)).toMatchObject({ status: 'completed', endDate: '2027-01-20', totalAmount: 96_000 })
    expect(await differences(plan)).toEqual([])
  }, 120_000)
})
