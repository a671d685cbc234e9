import { setTimeout as sleep } from 'node:timers/promises'
import type { Begun } from '../support/e2e-client.ts'
import { FaultStack } from './fault-stack.ts'
import { converged, differencesOf, proofAt, violations } from './judge.ts'
import { strikesOf } from './strikes.ts'

/** The table "Exactly once", a test for each row: with processes killed, connections cut and servers stopped for real. */

type Beginning = Parameters<FaultStack['begin']>[0]

let stack: FaultStack
beforeAll(async () => {
  stack = await FaultStack.start()
}, 120_000)
afterAll(() => stack?.stop(), 60_000)
afterEach(async () => {
  for (const program of ['worker', 'api'] as const) stack.disarm(program)
  await stack.startAll()
  await stack.tenor.endFaults()
  await stack.tenor.webhooks({ duplicate: 0, shuffle: false, hold: false })
}, 60_000)

const DUE = '2027-01-15T09:00:00Z'
const WITHIN_MS = 60_000

/** The plan is proven, and charges, transactions, ledger, receipts and letters are one for one. */
async function expectProven(...plans: Begun[]): Promise<void> {
  await converged(stack.tenor, plans, WITHIN_MS)
  for (const plan of plans) expect(await violations(stack.tenor, plan)).toEqual([])
}

/** Exactly so many instalments of 10000 were charged, and none was declined. */
async function expectPaid({ id, customer }: Begun, times: number): Promise<void> {
  const { tenor } = stack
  expect((await tenor.payments(customer.id)).map((p) => [p.amount_charged, p.charges_made])).toEqual(
    Array(times).fill([10_000, 1]),
  )
  expect((await tenor.transactions(id)).map((t) => [t.status, t.attempt])).toEqual(Array(times).fill(['succeeded', 1]))
  expect((await tenor.plan(id)).paid_amount).toBe(times * 10_000)
  expect(
    (await tenor.events(id)).filter((e) => e.type === 'payment.failed' || e.type.startsWith('escalation')),
  ).toEqual([])
}

/** Advances in spite of an API that answers 503: the same request again, as a client does. */
async function advance(clock: string, to: string): Promise<void> {
  await stack.insist('POST', `/test_clocks/${clock}/advance`, { to })
  await stack.settled(clock)
}

/**
 * Kills the worker at each of these points while a plan of its own is brought to `to`, and brings it back: what one kill
 * has left behind is taken up again while the next one strikes. Resolves when everything has come to rest.
 */
async function killAtEach(points: string[], beginning: Beginning, to: string): Promise<Begun[]> {
  const { tenor } = stack
  const plans: Begun[] = []
  for (const point of points) {
    const begun = await stack.begin(beginning)
    plans.push(begun)
    stack.arm('worker', point)
    await stack.insist('POST', `/test_clocks/${begun.clock}/advance`, { to })
    await tenor.until(`the worker to be killed ${point}`, async () => stack.wasHit('worker') || undefined)
    await stack.start('worker')
  }
  await Promise.all(plans.map(({ clock }) => stack.settled(clock)))
  await stack.passLeases()
  await converged(tenor, plans, WITHIN_MS)
  return plans
}

/** Every point that the worker comes to while a plan is brought to `to`. */
async function pointsUntil(beginning: Beginning, to: string): Promise<string[]> {
  const begun = await stack.begin(beginning)
  const points = await stack.pointsOf('worker', async () => {
    await stack.tenor.advance(begun.clock, to)
    await converged(stack.tenor, [begun], WITHIN_MS)
  })
  const ofCharge = points.slice(points.indexOf('before activity chargeInstallment'))
  // The test clock's own, and looking for what is to be told, move nothing.
  return [...new Set(ofCharge)].filter((at) => !/recordClock|commit of escalations$|test_clocks/.test(at))
}

describe('the worker is killed', () => {
  let ofCharge: string[] = []

  it('at any point of a charge: the customer is charged once, the ledger has it once, one receipt is sent', async () => {
    const beginning = { reminder_days: 0 }
    ofCharge = await pointsUntil(beginning, DUE)
    expect(ofCharge).toEqual(
      expect.arrayContaining([
        'before stripe POST /v1/payment_intents',
        'after stripe POST /v1/payment_intents/:id/confirm',
        'before letter',
        'after letter',
      ]),
    )
    expect(ofCharge.length).toBeGreaterThanOrEqual(16)
    const points = strikesOf(ofCharge)
    const plans = await killAtEach(points, beginning, DUE)
    for (const [k, begun] of plans.entries()) {
      await expectPaid(begun, 1)
      expect([points[k], ...(await violations(stack.tenor, begun))]).toEqual([points[k]])
    }
  }, 900_000)

  it('at any further point of declines and their escalation: one case, and everything is told once', async () => {
    const beginning = { reminder_days: 0, outcomes: ['insufficient_funds', 'insufficient_funds'] }
    const afterRetry = '2027-01-17T00:00:00Z'
    const further = (await pointsUntil(beginning, afterRetry)).filter((point) => !ofCharge.includes(point))
    expect(further).toEqual(expect.arrayContaining(['before salesforce PATCH', 'after salesforce PATCH']))
    const points = strikesOf(further)
    const plans = await killAtEach(points, beginning, afterRetry)
    for (const [k, { id, customer, ...begun }] of plans.entries()) {
      const at = [points[k]]
      expect([...at, ...(await violations(stack.tenor, { id, customer, ...begun }))]).toEqual(at)
      const escalations = await stack.tenor.escalations(id)
      expect([...at, escalations.length]).toEqual([...at, 1])
      expect([...at, (await stack.tenor.cases(escalations[0]?.escalation_id ?? '')).length]).toEqual([...at, 1])
      const declined = (await stack.tenor.transactions(id)).map((t) => [t.attempt, t.status])
      expect([...at, declined]).toEqual([
        ...at,
        [
          [1, 'failed'],
          [2, 'failed'],
        ],
      ])
    }
  }, 900_000)

  it('while money is given back: it is given back once', async () => {
    const { tenor } = stack
    const cancellation_terms = { type: 'full' }
    for (const point of ['before', 'after'].map((when) => `${when} stripe POST /v1/refunds`)) {
      const begun = await stack.begin({ cancellation_terms })
      await advance(begun.clock, DUE)
      stack.arm('worker', point)
      await stack.insist('DELETE', `/payment_terms/${begun.id}`)
      await tenor.until('the worker to be killed', async () => stack.wasHit('worker') || undefined)
      await stack.start('worker')
      await tenor.untilPlan(begun.id, (plan) => plan.status === 'canceled')
      await stack.passLeases()
      await expectProven(begun)
      expect((await tenor.plan(begun.id)).refunded_amount).toBe(10_000)
    }
  }, 120_000)
})

describe('the gateway gives no answer', () => {
  it.each([
    ['it comes after the try was given up', { mode: 'slow', ms: 11_000, count: 1, path: '/confirm' }],
    ['the answer to the making is lost', { mode: 'lose_answer', count: 2, path: 'POST /v1/payment_intents' }],
    ['the answer to the confirmation is lost', { mode: 'lose_answer', count: 2, path: '/confirm' }],
    ['it fails after it has charged', { mode: 'error_500_after', count: 1, path: '/confirm' }],
  ])(
    '%s: charged once, and never taken as a decline',
    async (_, fault) => {
      const begun = await stack.begin()
      await stack.tenor.fault(fault)
      await advance(begun.clock, DUE)
      await expectProven(begun)
      await expectPaid(begun, 1)
    },
    90_000,
  )

  it('the connection is cut while it answers: charged once', async () => {
    const begun = await stack.begin()
    stack.ways.stripe.loseAnswers(1_500)
    await advance(begun.clock, DUE)
    await expectProven(begun)
    await expectPaid(begun, 1)
  }, 90_000)

  it('for days: nothing is escalated, and the charges go through when it is back, in order', async () => {
    const { tenor } = stack
    const begun = await stack.begin({ reminder_days: 0 })
    await tenor.fault({ mode: 'down' })
    await tenor.startAdvance(begun.clock, '2027-04-16T00:00:00Z')
    await tenor.untilPlan(begun.id, (plan) => plan.installments[0]?.attempts[0]?.outcome === 'unknown')
    expect(await proofAt(tenor, begun.id)).toMatchObject({ status: 'unread' })
    await sleep(6_000)
    const waiting = await tenor.plan(begun.id)
    expect(waiting).toMatchObject({ status: 'active', paid_amount: 0 })
    expect(await tenor.escalations(begun.id)).toEqual([])
    await tenor.endFaults()
    await stack.settled(begun.clock)
    await expectProven(begun)
    await expectPaid(begun, 4)
    const made = (await tenor.transactions(begun.id)).map((t) => [t.installment_number, t.created_at.slice(0, 10)])
    expect(made).toEqual([
      [1, '2027-01-15'],
      [2, '2027-02-15'],
      [3, '2027-03-15'],
      [4, '2027-04-15'],
    ])
  }, 120_000)
})

describe('the database', () => {
  it('is killed during charges: the API answers 503, nothing is lost, no movement is half-written', async () => {
    const { tenor } = stack
    const begun = await Promise.all([stack.begin(), stack.begin()])
    await Promise.all(begun.map(({ clock }) => tenor.startAdvance(clock, '2027-06-16T00:00:00Z')))
    await sleep(700)
    await stack.kill('postgres')
    const answers = await Promise.all([
      tenor.ask('GET', `/payment_terms/${begun[0]?.id}`),
      tenor.ask('PATCH', `/payment_terms/${begun[0]?.id}`, { body: { total_amount: 130_000 } }),
      tenor.ask('POST', '/customers', { body: { name: 'A', email: 'a@example.com' } }),
      tenor.ask('GET', '/health/ready'),
    ])
    expect(answers.map(({ status }) => status)).toEqual([503, 503, 503, 503])
    await stack.start('postgres')
    await Promise.all(begun.map(({ clock }) => stack.settled(clock)))
    await expectProven(...begun)
    for (const one of begun) await expectPaid(one, 6)
  }, 120_000)

  it('has committed, and its answer is lost: written once', async () => {
    const begun = await stack.begin()
    await stack.tenor.startAdvance(begun.clock, '2027-03-16T00:00:00Z')
    for (let times = 0; times < 4; times++) {
      await sleep(300)
      stack.ways.postgres.loseAnswers(200)
    }
    await stack.settled(begun.clock)
    await expectProven(begun)
    await expectPaid(begun, 3)
  }, 90_000)
})

it('Temporal is down: writes to plans answer 503, reads go on, and what was missed is caught up', async () => {
  const { tenor } = stack
  const begun = await stack.begin()
  await tenor.startAdvance(begun.clock, '2027-04-16T00:00:00Z')
  await sleep(500)
  await stack.kill('temporal')
  const writes = await Promise.all([
    tenor.ask('PATCH', `/payment_terms/${begun.id}`, { body: { total_amount: 150_000 } }),
    tenor.ask('POST', `/payment_terms/${begun.id}/payments`, { body: { amount: 500 } }),
    tenor.createTerm({ customer_id: begun.customer.id, start_date: '2099-01-15' }),
  ])
  expect(writes.map(({ status, headers }) => [status, headers.has('retry-after')])).toEqual(Array(3).fill([503, true]))
  const reads = await Promise.all([
    tenor.ask('GET', `/payment_terms/${begun.id}`),
    tenor.ask('GET', `/payment_terms/${begun.id}/ledger`),
    tenor.ask('POST', '/customers', { body: { name: 'A', email: 'a@example.com' } }),
  ])
  expect(reads.map(({ status }) => status)).toEqual([200, 200, 201])
  expect(differencesOf(await proofAt(tenor, begun.id)).some((line) => line.startsWith('unread: workflow'))).toBe(true)
  await stack.start('temporal')
  await stack.settled(begun.clock)
  await expectProven(begun)
  await expectPaid(begun, 4)
}, 120_000)

it('SMTP and Salesforce are down: money goes on; letters and cases are delivered after', async () => {
  const { tenor } = stack
  await Promise.all([stack.kill('mail'), stack.kill('salesforce')])
  const begun = await stack.begin({ outcomes: ['insufficient_funds', 'insufficient_funds'] })
  await tenor.advance(begun.clock, '2027-03-16T00:00:00Z')
  expect(await tenor.plan(begun.id)).toMatchObject({ status: 'past_due', paid_amount: 20_000 })
  expect((await proofAt(tenor, begun.id)).status).toBe('in_flight')
  await Promise.all([stack.start('mail'), stack.start('salesforce')])
  await expectProven(begun)
  const [escalation] = await tenor.escalations(begun.id)
  expect(await tenor.cases(escalation?.escalation_id ?? '')).toHaveLength(1)
  const mails = await tenor.inbox(begun.customer.email)
  const told = await tenor.notifications(begun.id)
  expect(new Set(mails.map((mail) => mail.message_id)).size).toBe(told.length)
}, 150_000)

it('the same webhook 10 times, and in the wrong order: one effect', async () => {
  const { tenor } = stack
  await tenor.webhooks({ duplicate: 9, shuffle: true })
  const bank = {
    payment_method: 'pm_usBankAccount_success',
    outcomes: ['processing_then_succeeded', 'processing_then_insufficient_funds'],
  }
  const begun = await stack.begin(bank)
  for (const day of ['2027-01-16', '2027-02-16', '2027-02-17']) {
    await tenor.advance(begun.clock, `${day}T12:00:00Z`)
    await tenor.settle(begun.customer.id)
    await tenor.untilPlan(begun.id, ({ installments }) => installments.every((i) => i.status !== 'processing'))
  }
  await expectProven(begun)
  const attempts = (await tenor.plan(begun.id)).installments.flatMap((i) =>
    i.attempts.map((a) => [i.number, a.outcome]),
  )
  expect(attempts).toEqual([
    [1, 'succeeded'],
    [2, 'declined'],
    [2, 'succeeded'],
  ])
}, 120_000)

it('adjust, cancel, pay, pause and resume at the same moment as a charge: some order of them, all books right', async () => {
  const { tenor } = stack
  const plans = await Promise.all(
    Array.from({ length: 6 }, (_, k) => stack.begin({ outcomes: k % 2 === 0 ? ['insufficient_funds'] : [] })),
  )
  await tenor.fault({ mode: 'slow', ms: 400, count: 12, path: '/confirm' })
  await Promise.all(
    plans.flatMap(({ id, clock }, k) => [
      tenor.startAdvance(clock, DUE),
      sleep(150 + k * 100).then(() =>
        stack.insist('PATCH', `/payment_terms/${id}`, { total_amount: 90_000 + k * 9_000 }),
      ),
      sleep(200 + k * 80).then(() => stack.insist('POST', `/payment_terms/${id}/payments`, { amount: 7_000 })),
      sleep(250 + k * 60).then(() => stack.insist('POST', `/payment_terms/${id}/pause`, { mode: 'extend' })),
      sleep(300 + k * 90).then(() => stack.insist('PATCH', `/payment_terms/${id}`, { total_amount: 30_000 })),
      sleep(320 + k * 60).then(() => stack.insist('POST', `/payment_terms/${id}/resume`)),
      ...(k < 4 ? [sleep(350 + k * 70).then(() => stack.insist('DELETE', `/payment_terms/${id}`))] : []),
    ]),
  )
  await Promise.all(plans.map(({ clock }) => stack.settled(clock)))
  await Promise.all(plans.map(({ clock }) => tenor.advance(clock, '2027-01-18T00:00:00Z')))
  await expectProven(...plans)
  const statuses = await Promise.all(plans.slice(0, 4).map(async ({ id }) => (await tenor.plan(id)).status))
  expect(statuses).toEqual(Array(4).fill('canceled'))
}, 120_000)

it('resolve at the same moment as the next charge: some order of them, all books right', async () => {
  const { tenor } = stack
  const actions = ['retry', 'mark_paid', 'waive', 'cancel_plan'] as const
  const outcomes = ['insufficient_funds', 'insufficient_funds']
  const plans = await Promise.all(actions.map(() => stack.begin({ reminder_days: 0, outcomes })))
  await Promise.all(plans.map(({ clock }) => tenor.advance(clock, '2027-01-20T00:00:00Z')))
  const escalated = await Promise.all(
    plans.map(async ({ id }) => (await tenor.escalations(id))[0]?.escalation_id ?? ''),
  )
  await tenor.fault({ mode: 'slow', ms: 400, count: 8, path: '/confirm' })
  await Promise.all(
    plans.flatMap(({ clock }, k) => [
      tenor.startAdvance(clock, '2027-02-15T09:00:00Z'),
      sleep(150 + k * 120).then(() =>
        stack.insist('POST', `/escalations/${escalated[k]}/resolve`, {
          action: actions[k],
          note: 'spoke to the customer',
          ...(actions[k] === 'mark_paid' ? { reference: 'cheque 4711' } : {}),
        }),
      ),
    ]),
  )
  await Promise.all(plans.map(({ clock }) => stack.settled(clock)))
  await expectProven(...plans)
  const ended = await Promise.all(
    plans.map(async ({ id }) => (await tenor.escalations(id)).map(({ status }) => status)),
  )
  expect(ended).toEqual(actions.map(() => ['resolved']))
  const { status, installments } = await tenor.plan(plans[0]?.id ?? '')
  expect([status, installments.slice(0, 2).map((i) => i.status)]).toEqual(['active', ['paid', 'paid']])
  expect((await tenor.plan(plans[3]?.id ?? '')).status).toBe('canceled')
}, 120_000)

it('the API is killed in the middle of a creation: the repeat gives one plan', async () => {
  const { tenor } = stack
  const body = (customer_id: string) => ({
    customer_id,
    start_date: '2099-01-15',
    total_amount: 120_000,
    term_duration: 12,
  })
  const make = async (customer: string, key: string) => tenor.createTerm({ ...body(customer), billing_day: 15 }, key)
  const { id: first } = await tenor.customer()
  const passed = await stack.pointsOf('api', () => make(first, 'creation'))
  // Others go on beside it: webhooks that are matched, for instance.
  const points = [...new Set(passed)].filter((point) => /idempotency|workflow/.test(point))
  expect(points).toContain('after start of a workflow')
  const broken: { point: string; customer: string; key: string }[] = []
  for (const [k, point] of points.entries()) {
    const { id: customer } = await tenor.customer()
    const key = `creation-${k}`
    broken.push({ point, customer, key })
    stack.arm('api', point)
    await expect(make(customer, key)).rejects.toThrow()
    expect([point, stack.wasHit('api')]).toEqual([point, true])
    await stack.start('api')
  }
  await stack.passLeases()
  await Promise.all(
    broken.map(async ({ point, customer, key }) => {
      const made = await tenor.until('the creation to be repeated', async () => {
        const answer = await make(customer, key)
        return answer.status === 503 || answer.status === 409 ? undefined : answer
      })
      expect([point, made.status]).toEqual([point, 201])
      const plans = await tenor.all<{ payment_terms_id: string }>(`/payment_terms?customer_id=${customer}`)
      expect([point, plans.map((plan) => plan.payment_terms_id)]).toEqual([point, [made.body.payment_terms_id]])
    }),
  )
}, 120_000)
