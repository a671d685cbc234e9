import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { callbackify } from 'node:util'
import { Connection } from '@jsforce/jsforce-node'
import { type SalesforceSandbox, startSalesforceSandbox } from './index.ts'
import type { CaseListing } from './pages.ts'

const EXTERNAL_ID = 'Tenor_Escalation_Id__c'
const CREDENTIALS = { clientId: 'tenor', clientSecret: 'secret' }

let org: SalesforceSandbox
let conn: Connection
beforeEach(async () => {
  org = await startSalesforceSandbox({ port: 0, credentials: CREDENTIALS })
  conn = await login()
})
afterEach(() => org.close())

async function login(url = org.url, oauth2 = CREDENTIALS): Promise<Connection> {
  const connection = new Connection({ loginUrl: url, oauth2: { ...oauth2, loginUrl: url }, version: '62.0' })
  await connection.authorize({ grant_type: 'client_credentials' })
  return connection
}
const cases = async (query = ''): Promise<CaseListing[]> => {
  const answer = (await (await fetch(`${org.url}/_sandbox/cases${query}`)).json()) as { data: CaseListing[] }
  return answer.data
}
const fault = (body: object) =>
  fetch(`${org.url}/_sandbox/faults`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
const upsert = (id: string, more: object = {}) =>
  conn.sobject('Case').upsert({ [EXTERNAL_ID]: id, Subject: 'Charge 4 failed', ...more }, EXTERNAL_ID)

describe('sessions', () => {
  it('are opened by client credentials or a password, for those who are known', async () => {
    expect(conn.instanceUrl).toBe(org.url)
    const byPassword = new Connection({ loginUrl: org.url, oauth2: { ...CREDENTIALS, loginUrl: org.url } })
    await byPassword.login('ada@example.com', 'password')
    expect((await byPassword.query('SELECT Id FROM Case')).totalSize).toBe(0)
    await expect(login(org.url, { clientId: 'tenor', clientSecret: 'wrong' })).rejects.toThrow(
      'invalid client credentials',
    )
    await expect(login(org.url, { clientId: 'other', clientSecret: 'secret' })).rejects.toThrow(
      'client identifier invalid',
    )
  })

  it('are needed', async () => {
    const stranger = new Connection({ instanceUrl: org.url, accessToken: 'made-up' })
    await expect(stranger.query('SELECT Id FROM Case')).rejects.toMatchObject({ errorCode: 'INVALID_SESSION_ID' })
  })

  it('expire when told to; a client that logs in again goes on', async () => {
    const renewing = new Connection({
      instanceUrl: org.url,
      accessToken: conn.accessToken as string,
      refreshFn: callbackify(async (_connection: Connection) => (await login()).accessToken as string),
    })
    await fault({ mode: 'session_expired', count: 1 })
    await renewing.sobject('Case').upsert({ [EXTERNAL_ID]: 'e1', Subject: 'Kept' }, EXTERNAL_ID)
    expect(await cases()).toMatchObject([{ external_id: 'e1' }])
    await expect(upsert('e2')).rejects.toThrow('Unable to refresh session')
  })
})

describe('cases', () => {
  it('are made and changed by their external id, with all that was written to them', async () => {
    const made = await upsert('e1', { Priority: 'High', Description: 'Insufficient funds, twice' })
    expect(made).toMatchObject({ success: true, created: true, errors: [], id: expect.stringMatching(/^500\w{15}$/) })
    const closed = await upsert('E1', { Status: 'Closed' })
    expect(closed).toMatchObject({ success: true, created: false, id: made.id })

    expect(await cases('?external_id=e1')).toMatchObject([
      {
        id: made.id,
        external_id: 'e1',
        fields: { Status: 'Closed', IsClosed: true, Priority: 'High', Subject: 'Charge 4 failed' },
        history: [
          { action: 'upsert', fields: { Description: 'Insufficient funds, twice' } },
          { action: 'upsert', fields: { Status: 'Closed' } },
        ],
      },
    ])
    const read = await conn.sobject('Case').retrieve(made.id as string)
    expect(read).toMatchObject({ Id: made.id, Status: 'Closed', CaseNumber: '00001001', [EXTERNAL_ID]: 'e1' })
    expect(await conn.request(`/sobjects/Case/${EXTERNAL_ID}/e1`)).toMatchObject({ Id: made.id })
    expect(await conn.request(`/sobjects/Case/${made.id?.slice(0, 15)}?fields=Subject`)).toMatchObject({
      Subject: 'Charge 4 failed',
    })
  })

  it('are doubled by creating them twice without an external id, and not with one', async () => {
    await conn.sobject('Case').create({ Subject: 'Same' })
    await conn.sobject('Case').create({ Subject: 'Same' })
    expect(await cases()).toHaveLength(2)
    await conn.sobject('Case').create({ Subject: 'Other', [EXTERNAL_ID]: 'e1' })
    await expect(conn.sobject('Case').create({ Subject: 'Other', [EXTERNAL_ID]: 'e1' })).rejects.toMatchObject({
      errorCode: 'DUPLICATE_VALUE',
    })
  })

  it('are made once by upserts at the same moment', async () => {
    const results = await Promise.all(Array.from({ length: 8 }, () => upsert('e1')))
    expect(results.filter((one) => 'created' in one && one.created)).toHaveLength(1)
    expect(await cases()).toHaveLength(1)
  })

  it('a lost race is a DUPLICATE_VALUE, and the next upsert finds the case', async () => {
    await fault({ mode: 'duplicate_race', count: 1 })
    await expect(upsert('e1')).rejects.toMatchObject({ errorCode: 'DUPLICATE_VALUE' })
    expect(await upsert('e1')).toMatchObject({ created: false })
    expect(await cases()).toHaveLength(1)
  })

  it('are found by simple queries', async () => {
    await upsert("o'brien", { Priority: 'High', Subject: 'One and AND two' })
    await upsert('e2', { Priority: 'Low', Status: 'Closed' })
    const found = await conn.sobject('Case').find({ [EXTERNAL_ID]: "o'brien" }, ['Id', 'Subject'])
    expect(found).toMatchObject([{ Subject: 'One and AND two' }])
    const ask = async (where: string) =>
      (await conn.query(`SELECT ${EXTERNAL_ID} FROM Case ${where}`)).records.map((one) => one[EXTERNAL_ID])
    expect(await ask("WHERE Subject = 'one and and two' AND IsClosed = false")).toEqual(["o'brien"])
    expect(await ask("WHERE Status IN ('Closed', 'Gone')")).toEqual(['e2'])
    expect(await ask("WHERE Subject LIKE 'Charge%' AND Status != 'New'")).toEqual(['e2'])
    expect(await ask('ORDER BY Priority DESC LIMIT 1')).toEqual(['e2'])
    expect(await ask('WHERE SuppliedEmail = null')).toHaveLength(2)
    expect((await conn.query('SELECT count() FROM Case')).totalSize).toBe(2)
    await expect(conn.query('SELEC Id FROM Case')).rejects.toMatchObject({ errorCode: 'MALFORMED_QUERY' })
    await expect(conn.query('SELECT Id FROM Account')).rejects.toMatchObject({ errorCode: 'INVALID_TYPE' })
    const { fields } = await conn.sobject('Case').describe()
    expect(fields.find(({ name }) => name === EXTERNAL_ID)).toMatchObject({ externalId: true, custom: true })
  })

  it('take comments, updates by id, and can be deleted', async () => {
    const { id = '' } = await upsert('e1')
    await conn.sobject('CaseComment').create({ ParentId: id, CommentBody: 'Called the customer' })
    await conn.sobject('Case').update({ Id: id, Status: 'Working' })
    expect(await cases()).toMatchObject([{ fields: { Status: 'Working' }, comments: ['Called the customer'] }])
    await conn.sobject('Case').destroy(id)
    expect(await cases()).toEqual([])
    await expect(conn.sobject('Case').retrieve(id)).rejects.toMatchObject({ errorCode: 'NOT_FOUND' })
  })

  it.each([
    [{ Colour: 'red' }, 'INVALID_FIELD'],
    [{ Subject: 'x'.repeat(256) }, 'STRING_TOO_LONG'],
    [{ IsClosed: true }, 'INVALID_FIELD_FOR_INSERT_UPDATE'],
    [{ Subject: { a: 1 } }, 'JSON_PARSER_ERROR'],
  ])('refuse %j', async (fields, errorCode) => {
    await expect(upsert('e1', fields)).rejects.toMatchObject({ errorCode })
    expect(await cases()).toEqual([])
  })

  it('have a page, where what was written to them is only text', async () => {
    await upsert('e1', { Subject: '<script>alert(1)</script>' })
    const page = await (await fetch(org.url)).text()
    expect(page).toContain('&lt;script&gt;alert(1)&lt;/script&gt;')
    expect(page).not.toContain('<script>')
  })

  it('and open sessions outlive a restart', async () => {
    const dataDir = await mkdtemp(join(tmpdir(), 'salesforce-sandbox-'))
    const before = await startSalesforceSandbox({ port: 0, dataDir })
    const connection = await login(before.url)
    await connection.sobject('Case').upsert({ [EXTERNAL_ID]: 'e1', Subject: 'Kept' }, EXTERNAL_ID)
    await before.close()
    const after = await startSalesforceSandbox({ port: 0, dataDir })
    const again = new Connection({ instanceUrl: after.url, accessToken: connection.accessToken as string })
    const found = await again.query('SELECT Subject FROM Case')
    await after.close()
    expect(found.records).toMatchObject([{ Subject: 'Kept' }])
    await rm(dataDir, { recursive: true })
  })
})

describe('faults', () => {
  it.each([
    ['error_500', 'UNKNOWN_EXCEPTION'],
    ['rate_limit', 'SERVER_UNAVAILABLE'],
    ['limit_exceeded', 'REQUEST_LIMIT_EXCEEDED'],
    ['row_lock', 'UNABLE_TO_LOCK_ROW'],
  ])('%s is %s, and nothing is done', async (mode, errorCode) => {
    await fault({ mode })
    await expect(upsert('e1')).rejects.toMatchObject({ errorCode })
    await fetch(`${org.url}/_sandbox/faults`, { method: 'DELETE' })
    expect(await cases()).toEqual([])
    expect(await upsert('e1')).toMatchObject({ created: true })
  })

  it('lose_answer makes the case, down does not', async () => {
    const call = (id: string) =>
      fetch(`${org.url}/services/data/v62.0/sobjects/Case/${EXTERNAL_ID}/${id}`, {
        method: 'PATCH',
        headers: { authorization: `Bearer ${conn.accessToken}`, 'content-type': 'application/json' },
        body: JSON.stringify({ Subject: 'Charge 4 failed' }),
      })
    await fault({ mode: 'lose_answer', count: 1 })
    await expect(call('e1')).rejects.toThrow('fetch failed')
    await fault({ mode: 'down', count: 1 })
    await expect(call('e2')).rejects.toThrow('fetch failed')
    expect(await cases()).toMatchObject([{ external_id: 'e1' }])
    expect((await call('e1')).status).toBe(200)
  })
})

it('shows people each case on a page of its own, with what every write has changed', async () => {
  await upsert('esc_page', { Description: 'Attempt 1 <failed>' })
  await upsert('esc_page', { Description: 'Attempt 1 <failed>', Status: 'Closed' })
  const list = await (await fetch(org.url)).text()
  const [, path] = list.match(/href="(\/cases\/\d+)"/) ?? []
  const text = await (await fetch(`${org.url}${path}`)).text()
  expect(text).toContain('Attempt 1 &lt;failed&gt;')
  const [, first = '', second = ''] = text.split('What was written to it')[1]?.split('<tr>') ?? []
  expect(first).toContain('<dt>Description</dt>')
  expect(second).not.toContain('<dt>Description</dt>')
  expect(second).toContain('<dt>Status</dt>')
  expect((await fetch(`${org.url}/cases/1`)).status).toBe(404)
})
