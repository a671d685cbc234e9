import { join } from 'node:path'
import { isHealthy, programPart } from '../../workers/stack/children.ts'
import { createPart, type Part } from '../../workers/stack/part.ts'
import { freePort } from '../../workers/stack/ports.ts'
import { sharedTenor, Tenor } from '../support/e2e-client.ts'
import type { Plan } from '../support/shapes.ts'
import { sharedStack } from '../support/stack.ts'

const AT_ONCE = 200

let tenor: Tenor
let beside: Tenor
let other: Part
beforeAll(async () => {
  tenor = await sharedTenor()
  const { env, home } = sharedStack()
  const port = await freePort()
  const api = `http://127.0.0.1:${port}`
  other = createPart(
    programPart('api', ['workers/api.ts'], {
      env: { ...env, API_PORT: String(port) },
      logFile: join(home, 'logs/second-api.log'),
      ready: () => isHealthy(`${api}/health/ready`),
      readyTimeoutMs: 90_000,
    }),
  )
  await other.start()
  beside = new Tenor({ ...tenor.at, api })
}, 120_000)
afterAll(() => other?.stop())

describe(`${AT_ONCE} POSTs with one Idempotency-Key at the same moment, on two API processes`, () => {
  it('give one plan and as many equal answers', async () => {
    const customer = await tenor.customer()
    const key = `herd-${customer.id}`
    const answers = await Promise.all(
      Array.from({ length: AT_ONCE }, (_, k) => (k % 2 ? tenor : beside).createTerm({ customer_id: customer.id }, key)),
    )
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 201))
    const said = answers.map(({ body, headers }) =>
      JSON.stringify([headers.get('location'), headers.get('etag'), body]),
    )
    expect(new Set(said).size).toBe(1)
    expect(answers.filter(({ headers }) => headers.get('idempotent-replayed') !== 'true')).toHaveLength(1)

    const plans = await tenor.all<Plan>(`/payment_terms?customer_id=${customer.id}`)
    expect(plans.map((plan) => plan.payment_terms_id)).toEqual([answers[0]?.body.payment_terms_id])
    const postings = (await tenor.ledger(plans[0]?.payment_terms_id ?? '')).flatMap((entry) => entry.postings)
    const owed = postings.filter(({ account }) => account === 'receivable')
    expect(owed.reduce((sum, { amount }) => sum + amount, 0)).toBe(120_000)
  }, 120_000)

  it('charge a one-off payment once', async () => {
    const { id } = await tenor.begin()
    const ask = { body: { amount: 5_000 }, key: `pay-${id}` }
    const answers = await Promise.all(
      Array.from({ length: AT_ONCE }, (_, k) =>
        (k % 2 ? tenor : beside).ask('POST', `/payment_terms/${id}/payments`, ask),
      ),
    )
    expect(new Set(answers.map(({ status, body }) => JSON.stringify([status, body]))).size).toBe(1)
    expect(answers[0]?.status).toBe(201)
    const made = await tenor.transactions(id)
    expect(made.map(({ amount }) => amount)).toEqual([5_000])
  }, 120_000)
})
