import { type SalesforceSandbox, startSalesforceSandbox } from '../../sandbox/salesforce/index.ts'
import { type Case, CaseNotSaved, cases } from './cases.ts'

const credentials = { clientId: 'tenor', clientSecret: 'secret' }
let sandbox: SalesforceSandbox

beforeAll(async () => {
  sandbox = await startSalesforceSandbox({ port: 0, credentials })
})
afterAll(() => sandbox.close())
beforeEach(() => control('POST', 'reset'))

type Kept = { id: string; external_id: string; fields: Record<string, unknown> }

async function control(method: string, path: string, body: object = {}): Promise<Record<string, unknown>> {
  const answer = await fetch(`${sandbox.url}/_sandbox/${path}`, {
    method,
    ...(method === 'POST' && { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
  })
  expect(answer.status).toBe(200)
  return (await answer.json()) as Record<string, unknown>
}

const fault = (mode: string, count = 1) => control('POST', 'faults', { mode, count, path: '/sobjects/' })
const kept = async () => (await control('GET', 'cases')).data as Kept[]
const gateway = (over: object = {}) => cases({ loginUrl: sandbox.url, ...credentials, timeoutMs: 2000, ...over })

const escalation: Case = {
  externalId: 'esc_1_4_2',
  subject: 'Instalment 4 unpaid: USD 83.33',
  description: 'Declined twice.',
  isOpen: true,
  priority: 'Medium',
  planId: 'pt_1',
  customerId: 'customer-1',
  amount: '83.33',
  currency: 'USD',
  reason: 'insufficient_funds',
  code: 'insufficient_funds',
}

describe('a case', () => {
  it('is made once however often it is sent, and closed by sending it closed', async () => {
    const { upsert } = gateway()
    const first = await upsert(escalation)
    expect(await upsert({ ...escalation, amount: '50.00' })).toEqual(first)
    expect(await kept()).toMatchObject([
      {
        id: first.caseId,
        external_id: 'esc_1_4_2',
        fields: { Status: 'Escalated', Priority: 'Medium', Tenor_Amount__c: '50.00', Tenor_Plan_Id__c: 'pt_1' },
      },
    ])
    expect(await upsert({ ...escalation, isOpen: false })).toEqual(first)
    expect(await kept()).toMatchObject([{ fields: { Status: 'Closed' } }])
  })

  it('is one of many about the same plan and customer', async () => {
    const { upsert } = gateway()
    await upsert(escalation)
    await upsert({ ...escalation, externalId: 'esc_1_5_2' })
    expect(await kept()).toMatchObject([{ external_id: 'esc_1_4_2' }, { external_id: 'esc_1_5_2' }])
  })

  it('is told after a login that was never answered', async () => {
    await control('POST', 'faults', { mode: 'slow', count: 1, ms: 60_000, path: '/oauth2/token' })
    const { upsert } = gateway({ timeoutMs: 1_000 })
    await expect(upsert(escalation)).rejects.toMatchObject({ code: 'NO_ANSWER' })
    expect(await upsert(escalation)).toMatchObject({ caseId: expect.any(String) })
  })

  it('is one when another upsert was a moment earlier', async () => {
    await fault('duplicate_race')
    const { caseId } = await gateway().upsert(escalation)
    expect(await kept()).toMatchObject([{ id: caseId, fields: { Subject: escalation.subject } }])
  })

  it('is one when many send it at once', async () => {
    const { upsert } = gateway()
    const all = await Promise.all(Array.from({ length: 8 }, () => upsert(escalation)))
    expect(new Set(all.map(({ caseId }) => caseId)).size).toBe(1)
    expect(await kept()).toHaveLength(1)
  })

  it.each(['error_500', 'rate_limit', 'limit_exceeded', 'row_lock', 'down', 'lose_answer', 'cut_answer'])(
    'may be sent again after %s',
    async (mode) => {
      const { upsert } = gateway()
      await fault(mode)
      await expect(upsert(escalation)).rejects.toBeInstanceOf(CaseNotSaved)
      await upsert(escalation)
      expect(await kept()).toHaveLength(1)
    },
  )

  it('is given up, and nothing else with it, when the connection breaks in the middle of the answer', async () => {
    const unhandled: Error[] = []
    const note = (error: Error) => void unhandled.push(error)
    process.on('uncaughtExceptionMonitor', note)
    await fault('cut_answer')
    await expect(gateway().upsert(escalation)).rejects.toMatchObject({
      code: 'NO_ANSWER',
      cause: { message: 'fetch failed' },
    })
    process.off('uncaughtExceptionMonitor', note)
    expect(unhandled).toEqual([])
  })

  it('is not waited for longer than said', async () => {
    await control('POST', 'faults', { mode: 'slow', ms: 600, count: 1, path: '/sobjects/' })
    await expect(gateway({ timeoutMs: 200 }).upsert(escalation)).rejects.toMatchObject({ code: 'NO_ANSWER' })
  })

  it('says what Salesforce has against it', async () => {
    const wrong = cases({ loginUrl: sandbox.url, clientId: 'tenor', clientSecret: 'wrong' })
    await expect(wrong.upsert(escalation)).rejects.toMatchObject({ name: 'CaseNotSaved', code: 'invalid_client' })
    await fault('limit_exceeded')
    await expect(gateway().upsert(escalation)).rejects.toMatchObject({ code: 'REQUEST_LIMIT_EXCEEDED' })
  })

  it('cuts what does not fit rather than being refused', async () => {
    const long = { ...escalation, subject: 'x'.repeat(300), description: 'y'.repeat(40_000) }
    await gateway().upsert(long)
    expect(await kept()).toHaveLength(1)
  })
})

describe('a session', () => {
  it('is opened once, and once more when it has expired', async () => {
    const { upsert } = gateway()
    await upsert(escalation)
    await fault('session_expired')
    await upsert({ ...escalation, isOpen: false })
    expect(await kept()).toMatchObject([{ fields: { Status: 'Closed' } }])
  })

  it('that is refused again is given up', async () => {
    await fault('session_expired', 50)
    await expect(gateway().upsert(escalation)).rejects.toMatchObject({ code: 'INVALID_SESSION_ID' })
  })

  it('can be a user’s', async () => {
    await gateway({ username: 'integration@example.com', password: 'pw' }).upsert(escalation)
    expect(await kept()).toHaveLength(1)
  })
})
