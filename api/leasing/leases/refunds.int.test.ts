import { setTimeout as sleep } from 'node:timers/promises'
import { findCustomer } from '../../../db/customers/people.ts'
import { TestClocks } from '../../../db/plans/test-clocks.ts'
import { inTenant } from '../../../db/tenancy/scope.ts'
import { type ApiWorld, startApiWorld, tokenOf } from '../../../test/support/api-world.ts'
import { placeModel } from '../../../test/support/leasing.ts'
import { balancesOf } from '../../../test/support/read-back.ts'

/** Money of leases on a real gateway: paid partly from pay and partly by card, given back, and billed to the company. */

let world: ApiWorld
let companies = 0
beforeAll(async () => {
  world = await startApiWorld()
}, 240_000)
afterAll(() => world?.close())

async function must(method: string, url: string, body?: object) {
  const answer = await world.ask(method, url, { body })
  if (answer.status >= 300) throw new Error(`${method} ${url} answered ${answer.status}: ${answer.text}`)
  return answer.body
}

type Played = { client: string; employee: string; clock: string; id: string }

/** 1,200.00 less a tenth in 12, delivered on January 10th and deducted on the 15ths: 90.00 a month. */
async function deliveredLease(cancellation_terms: object): Promise<Played> {
  companies += 1
  const { test_clock_id: clock } = await must('POST', '/test_clocks', { frozen_time: '2027-01-10T15:00:00Z' })
  const domain = `refunds-${companies}.example`
  const { client_id: client } = await must('POST', '/clients', {
    ...{ name: 'Globex', email: `hr@${domain}`, domains: [domain], payment_method: 'pm_card_visa', test_clock: clock },
    store: { term_months: [12], billing_day: 15, cancellation_terms, offboarding: 'transfer' },
  })
  const person = { name: 'Ada Obi', email: `ada@${domain}`, payment_method: 'pm_card_visa' }
  const { employee_id: employee } = await must('POST', `/clients/${client}/employees`, person)
  const device_code = await placeModel(world.orm, { price: 120_000 })
  const order = { employee_id: employee, device_code, term_months: 12, payer: 'payroll' }
  const { lease_id: id } = await must('POST', '/leases', order)
  await must('POST', `/leases/${id}/delivered`, {})
  return { client, employee, clock, id }
}

async function advance({ clock }: Played, to: string): Promise<void> {
  await must('POST', `/test_clocks/${clock}/advance`, { to })
  // The route would wait for letters, which nobody sends here.
  const row = () => world.orm.em.fork().findOneOrFail(TestClocks, { id: clock })
  for (let { now, status } = await row(); now !== to || status !== 'ready'; { now, status } = await row()) {
    await sleep(100)
  }
}

type Moved = { type: string; gateway: string; amount: number; status: string }
/** What was moved, and by which way, in order; money back below 0. */
async function moved({ id }: Played): Promise<string[]> {
  const { data } = await must('GET', `/leases/${id}/transactions?limit=100`)
  return data
    .filter(({ status }: Moved) => status === 'succeeded')
    .map(({ gateway, type, amount }: Moved) => `${gateway} ${type === 'refund' ? -amount : amount}`)
    .sort()
}

async function gatewayCustomer(id: string): Promise<string> {
  const holder = await inTenant('acme', () => findCustomer(world.workerOrm.em.fork(), { tenantId: 'acme', id }))
  return holder?.gatewayCustomerId ?? ''
}

/** Of the employee's payments at the gateway: what was charged and what was given back. */
async function atGateway({ employee }: Played): Promise<number[][]> {
  const payments = await world.deps.payments.list(await gatewayCustomer(employee))
  return payments.map(({ amount, refunds }) => [
    amount,
    refunds.reduce((sum, { amount: back, outcome }) => sum + (outcome.result === 'succeeded' ? back : 0), 0),
  ])
}

type Billed = { statement_id: string; total_amount: number; carried_out_amount: number }
/** The statements' lines, each below 0 for money back, with what is left for the next. */
async function statementsOf({ client }: Played): Promise<{ lines: number[]; total: number; carried: number }[]> {
  const { data } = await must('GET', `/clients/${client}/statements`)
  return Promise.all(
    data.toReversed().map(async (one: Billed) => {
      const { data: lines } = await must('GET', `/statements/${one.statement_id}/lines`)
      const amounts = lines.map(({ amount }: Moved) => amount)
      return { lines: amounts, total: one.total_amount, carried: one.carried_out_amount }
    }),
  )
}

async function expectProven({ id }: Played): Promise<void> {
  const { checks } = await must('GET', `/leases/${id}/proof`)
  const differences = checks.flatMap((check: { differences: { kind: string }[] }) => check.differences)
  expect(differences.filter(({ kind }: { kind: string }) => kind === 'different')).toEqual([])
}

const balances = ({ id }: Played) => balancesOf(world.orm.em.fork(), 'acme', id)

describe('a lease that was deducted from pay and paid ahead by card', () => {
  it.each([
    {
      terms: { type: 'full' },
      back: 36_000,
      refunds: ['payroll -4500', 'payroll -9000', 'payroll -9000', 'stripe -13500'],
      card: 13_500,
      credits: [-4_500, -9_000, -9_000],
    },
    {
      terms: { type: 'tiered', tiers: [{ from_day: 0, refund_percent: 25 }] },
      back: 9_000,
      refunds: ['payroll -4500', 'stripe -4500'],
      card: 4_500,
      credits: [-4_500],
    },
  ])(
    'and is cancelled ($terms.type) has $back given back, each part by the way by which it came',
    async (wanted) => {
      const lease = await deliveredLease(wanted.terms)
      await advance(lease, '2027-02-20T15:00:00Z')
      // A month and a half: March, and a half of April, of which the other half is deducted.
      await must('POST', `/leases/${lease.id}/payments`, { amount: 13_500, payment_method: 'pm_card_visa' })
      await advance(lease, '2027-04-20T15:00:00Z')
      const paid = ['payroll 4500', 'payroll 9000', 'payroll 9000', 'stripe 13500']
      expect(await moved(lease)).toEqual(paid)

      const { cancellation } = await must('DELETE', `/leases/${lease.id}`)
      expect(cancellation.refund_amount).toBe(wanted.back)
      await advance(lease, '2027-05-02T00:00:00Z')
      expect(await must('GET', `/leases/${lease.id}`)).toMatchObject({
        status: 'canceled',
        refunded_amount: wanted.back,
        outstanding_amount: 0,
      })
      expect(await moved(lease)).toEqual([...paid, ...wanted.refunds].sort())
      expect(await atGateway(lease)).toEqual([[13_500, wanted.card]])
      const told = `/notifications?type=payment.receipt`
      const company = tokenOf({ sub: 'hr', roles: ['client_admin'], client: lease.client })
      const { data: receipts } = (await world.ask('GET', told, { token: company })).body
      // For January and February; what its employee paid is the employee's to know.
      expect(receipts.map(({ plan_id }: { plan_id: string }) => plan_id.split('_')[0])).toEqual(['sp', 'sp'])
      const [, , march, april] = await statementsOf(lease)
      const credited = wanted.credits.reduce((sum, amount) => sum + amount, 4_500)
      expect(march).toEqual({ lines: [], total: 0, carried: 0 })
      expect(april?.lines.toSorted((a, b) => b - a)).toEqual([4_500, ...wanted.credits])
      expect(april).toMatchObject({ total: 0, carried: credited })
      expect(await balances(lease)).toMatchObject({
        receivable: 0,
        cash: 13_500 - wanted.card,
        payroll: 18_000 + credited,
      })
      await expectProven(lease)
    },
    240_000,
  )
})

it('a lease that an employee who left has taken over is given back by card first, then by pay of the company', async () => {
  const lease = await deliveredLease({ type: 'tiered', tiers: [{ from_day: 0, refund_percent: 75 }] })
  await advance(lease, '2027-02-20T15:00:00Z')
  const { leases } = await must('POST', `/employees/${lease.employee}/offboard`, {})
  expect(leases).toMatchObject([{ lease_id: lease.id, outcome: 'transfer' }])
  await advance(lease, '2027-04-20T15:00:00Z')
  await must('DELETE', `/leases/${lease.id}`)
  await advance(lease, '2027-05-02T00:00:00Z')
  expect(await must('GET', `/leases/${lease.id}`)).toMatchObject({ status: 'canceled', refunded_amount: 27_000 })
  const paid = ['payroll 9000', 'payroll 9000', 'stripe 9000', 'stripe 9000']
  expect(await moved(lease)).toEqual([...paid, 'payroll -9000', 'stripe -9000', 'stripe -9000'].sort())
  expect(await atGateway(lease)).toEqual([
    [9_000, 9_000],
    [9_000, 9_000],
  ])
  expect((await statementsOf(lease)).at(-1)).toEqual({ lines: [-9_000], total: 0, carried: -9_000 })
  expect(await balances(lease)).toMatchObject({ receivable: 0, cash: 0, payroll: 9_000 })
  await expectProven(lease)
}, 240_000)

it('a statement that bills it shows what was tried to have it paid, and what is booked of it', async () => {
  const lease = await deliveredLease({ type: 'none' })
  const company = await gatewayCustomer(lease.client)
  await fetch(`${world.stripe}/_sandbox/outcomes`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ customer_id: company, outcomes: ['insufficient_funds'] }),
  })
  await advance(lease, '2027-02-03T00:00:00Z')
  const [statement] = (await must('GET', `/clients/${lease.client}/statements`)).data
  const url = `/statements/${statement.statement_id}`
  const { data: tried } = await must('GET', `${url}/transactions`)
  expect(tried.toSorted((a: Tried, b: Tried) => a.attempt - b.attempt)).toMatchObject([
    { attempt: 1, status: 'failed', decline_code: 'insufficient_funds', amount: 9_000 },
    { attempt: 2, status: 'succeeded', decline_code: null, amount: 9_000 },
  ])
  const { data: entries } = await must('GET', `${url}/ledger`)
  const postings = entries.flatMap((entry: { postings: { account: string; amount: number }[] }) => entry.postings)
  const of = (wanted: string) =>
    postings.reduce((sum: number, { account, amount }: Posting) => sum + (account === wanted ? amount : 0), 0)
  expect(['receivable', 'payroll', 'cash'].map(of)).toEqual([0, -9_000, 9_000])
}, 240_000)
type Tried = { attempt: number }
type Posting = { account: string; amount: number }
