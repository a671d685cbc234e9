import { readFileSync } from 'node:fs'
import { type Answer, sharedTenor, type Tenor } from '../support/e2e-client.ts'
import { type Case, leasingCases, TRIED_ELSEWHERE } from './leasing-keys.ts'

let tenor: Tenor
beforeAll(async () => {
  tenor = await sharedTenor()
})

const PAUSE = { mode: 'extend' }
const TERM = { total_amount: 120_000, start_date: '2027-01-15', term_duration: 12, billing_day: 15 }

async function onPlan(action: string, body: unknown, other: unknown, eventType: string): Promise<Case> {
  const { id } = await tenor.begin()
  const made = async () => (await tenor.events(id)).filter((event) => event.type === eventType).length
  return { path: `/payment_terms/${id}/${action}`, body, other, made }
}

const CASES: Record<string, () => Promise<Case>> = {
  '/customers': async () => {
    const body = { name: 'Amara Okafor', email: 'amara@example.com' }
    return { path: '/customers', body, other: { ...body, name: 'Amara O.' } }
  },
  '/payment_terms/quote': async () => ({
    path: '/payment_terms/quote',
    body: { ...TERM, start_date: '2099-01-15' },
    other: { ...TERM, start_date: '2099-01-16' },
  }),
  '/payment_terms': async () => {
    const [customer, clock] = await Promise.all([tenor.customer(), tenor.clock('2027-01-13T12:00:00Z')])
    const body = { ...TERM, customer_id: customer.id, test_clock: clock }
    const made = async () => (await tenor.all(`/payment_terms?customer_id=${customer.id}`)).length
    return { path: '/payment_terms', body, other: { ...body, total_amount: 120_001 }, made }
  },
  '/payment_terms/{id}/payments': () => onPlan('payments', { amount: 5_000 }, { amount: 5_001 }, 'payment.created'),
  '/payment_terms/{id}/pause': () => onPlan('pause', PAUSE, { mode: 'catch_up' }, 'plan.paused'),
  '/payment_terms/{id}/resume': async () => {
    const resuming = await onPlan('resume', undefined, {}, 'plan.resumed')
    await tenor.must('POST', resuming.path.replace('resume', 'pause'), { body: PAUSE })
    return resuming
  },
  '/escalations/{id}/resolve': async () => {
    const { clock, id } = await tenor.begin({ outcomes: ['expired_card'] })
    await tenor.advance(clock, '2027-01-16T00:00:00Z')
    const [escalation] = await tenor.escalations(id)
    const body = { action: 'waive', note: 'as agreed' }
    const writtenOff = async () => ((await tenor.balances(id)).write_offs ?? 0) / 10_000
    const path = `/escalations/${escalation?.escalation_id}/resolve`
    return { path, body, other: { ...body, note: 'as was agreed' }, made: writtenOff }
  },
  '/test_clocks': async () => ({
    path: '/test_clocks',
    body: { frozen_time: '2027-01-15T00:00:00Z' },
    other: { frozen_time: '2027-01-15T00:00:01Z' },
  }),
  '/test_clocks/{id}/advance': async () => {
    const clock = await tenor.clock('2027-01-15T00:00:00Z')
    return {
      path: `/test_clocks/${clock}/advance`,
      body: { to: '2027-01-16T00:00:00Z' },
      other: { to: '2027-01-17T00:00:00Z' },
    }
  },
}

/** Secrets are shown once and not for a key again, as the tests of identity say; who signs in is nobody yet. */
const SHOWN_ONCE = ['/api_clients', '/api_clients/{id}/rotate_secret', '/users', '/sign_in', '/oauth/token']

/** Every other POST that the API describes. Webhooks are another matter: gateways send no keys, and endpoints need a receiver. */
const openapi = JSON.parse(readFileSync(new URL('../../api/openapi.json', import.meta.url), 'utf8')) as {
  paths: Record<string, object>
}
const POSTS = Object.keys(openapi.paths).filter(
  (path) =>
    'post' in (openapi.paths[path] ?? {}) &&
    !path.startsWith('/webhook') &&
    ![...SHOWN_ONCE, ...TRIED_ELSEWHERE].includes(path),
)

let keys = 0
function freshKey(): string {
  keys += 1
  return `key-${process.pid}-${Date.now()}-${keys}`
}

const said = ({ status, headers, body }: Answer) => [status, headers.get('location'), headers.get('etag'), body]

describe('an Idempotency-Key', () => {
  it.each(POSTS)('on POST %s: one answer, and the work done once', async (post) => {
    const of = CASES[post] ?? leasingCases(tenor)[post]
    if (!of) throw new Error(`POST ${post} is not tried here`)
    const { path, body, other, made } = await of()
    const key = freshKey()
    const send = (sent: unknown) => tenor.ask('POST', path, { body: sent, key })

    const [one, two] = await Promise.all([send(body), send(body)])
    expect(one.status).toBeLessThan(300)
    expect(said(two)).toEqual(said(one))
    const again = await send(body)
    expect(said(again)).toEqual(said(one))
    expect(again.headers.get('idempotent-replayed')).toBe('true')
    expect(await send(other)).toMatchObject({ status: 422, body: { code: 'idempotency_key_reused' } })
    if (made) expect(await made()).toBe(1)
  })

  it('is new work without one', async () => {
    const { id } = await tenor.customer()
    const body = { customer_id: id, start_date: '2099-01-15' }
    const [one, two] = await Promise.all([tenor.createTerm(body), tenor.createTerm(body)])
    expect(one.body.payment_terms_id).not.toBe(two.body.payment_terms_id)
  })
})
