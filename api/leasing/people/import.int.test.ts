import { type ApiWorld, startApiWorld, tokenOf } from '../../../test/support/api-world.ts'

let world: ApiWorld
beforeAll(async () => {
  world = await startApiWorld({ worker: false })
}, 120_000)
afterAll(async () => world?.close())

const admin = tokenOf({ roles: ['admin'] })
async function newClient(domain = `${crypto.randomUUID()}.example`): Promise<string> {
  const body = { name: 'C', email: 'hr@x.example', domains: [domain] }
  const answer = await world.ask('POST', '/clients', { token: admin, body })
  expect(answer.status).toBe(201)
  return answer.body.client_id
}
const send = (client: string, raw: string, token = admin, headers: Record<string, string> = {}) =>
  world.ask('POST', `/clients/${client}/employees/import`, {
    token,
    raw,
    headers: { 'content-type': 'text/csv', ...headers },
  })
async function everybody(client: string): Promise<{ name: string; email: string }[]> {
  const url = `/clients/${client}/employees?limit=100`
  const all: { name: string; email: string }[] = []
  for (let cursor: string | null = ''; cursor !== null; ) {
    const page = await world.ask('GET', `${url}${cursor && `&cursor=${cursor}`}`, { token: admin })
    all.push(...page.body.data)
    cursor = page.body.next_cursor
  }
  return all
}

describe('an import of employees', () => {
  it('of two thousand lines takes the good ones, says what is wrong with the others, and makes nobody twice', async () => {
    const client = await newClient('big.example')
    const bad: Record<number, string> = {
      5: 'No Address,',
      77: 'Bad,not-an-address',
      1500: ',x@big.example',
      1999: 'P,p@big.example,abc',
    }
    const lines = Array.from({ length: 2_000 }, (_, k) => {
      const line = k + 2
      if (bad[line] !== undefined) return bad[line]
      return line % 100 === 0
        ? `Again ${line},P3@BIG.example`
        : `Person ${line},p${line}@big.example,+1416555${1000 + line}`
    })
    const text = ['name,email,phone', ...lines].join('\n')
    const first = await send(client, text)
    expect(first.status).toBe(200)
    const rejected = first.body.rejected.map(({ line, errors }: { line: number; errors: { pointer: string }[] }) => [
      line,
      ...new Set(errors.map(({ pointer }) => pointer)),
    ])
    expect(rejected).toEqual([
      [5, '/email'],
      [77, '/email'],
      [1500, '/name'],
      [1999, '/phone'],
    ])
    // One of every hundred is a repetition, but the 1500th line, which is bad.
    const repeated = 20 - 1
    const accepted = 2_000 - 4 - repeated
    expect(first.body).toMatchObject({ accepted, duplicates: repeated })
    expect((await send(client, text)).body).toMatchObject({ accepted: 0, duplicates: accepted + repeated })
    const people = await everybody(client)
    expect(people).toHaveLength(accepted)
    expect(new Set(people.map(({ email }) => email.toLowerCase())).size).toBe(accepted)
    expect(people).toContainEqual(expect.objectContaining({ name: 'Person 2001', email: 'p2001@big.example' }))
  }, 120_000)

  it('sent by several at once makes nobody twice, nor for two companies', async () => {
    const [one, two] = [await newClient(), await newClient()]
    const lines = Array.from({ length: 250 }, (_, k) => `P ${k},q${k}@many.example`)
    const text = (order: string[]) => ['name,email', ...order].join('\n')
    const reports = await Promise.all([
      send(one, text(lines)),
      send(two, text(lines.toReversed())),
      send(one, text(lines.toReversed())),
    ])
    expect(reports.map(({ status }) => status)).toEqual([200, 200, 200])
    const accepted = reports.reduce((sum, { body }) => sum + body.accepted, 0)
    expect(accepted).toBe(250)
    const everyone = [...(await everybody(one)), ...(await everybody(two))]
    expect(new Set(everyone.map(({ email }) => email)).size).toBe(250)
    expect(everyone).toHaveLength(250)
    for (const { body } of reports) expect(body.accepted + body.duplicates + body.rejected.length).toBe(250)
  }, 60_000)

  it("by a company's admin is of the own company, and of addresses with its domains", async () => {
    const client = await newClient('own.example')
    const token = tokenOf({ roles: ['client_admin'], client })
    const report = await send(client, 'email,name\na@OWN.example,A\nb@elsewhere.example,B\n', token)
    expect(report.body).toEqual({
      accepted: 1,
      duplicates: 0,
      rejected: [
        { line: 3, errors: [{ pointer: '/email', message: 'The address must have a domain of the company.' }] },
      ],
    })
    const other = await newClient()
    expect((await send(other, 'email,name\nx@own.example,A', token)).status).toBe(404)
    const globex = tokenOf({ tenant: 'globex', roles: ['admin'] })
    expect((await send(client, 'email,name\nx@own.example,A', globex)).status).toBe(404)
  })

  it('is answered the same to who repeats it by its key, and is refused when it is no such CSV', async () => {
    const client = await newClient()
    const key = { 'idempotency-key': 'import-1' }
    const [first, again] = [
      await send(client, 'name,email\nA,a@key.example', admin, key),
      await send(client, 'name,email\nA,a@key.example', admin, key),
    ]
    expect([first.body.accepted, again.body, again.headers['idempotent-replayed']]).toEqual([1, first.body, 'true'])
    const reused = await send(client, 'name,email\nB,b@key.example', admin, key)
    expect([reused.status, reused.body]).toEqual([422, expect.objectContaining({ code: 'idempotency_key_reused' })])
    expect((await send(client, 'name,age\nA,7')).body.errors).toHaveLength(2)
    expect((await send(client, '{}', admin, { 'content-type': 'application/json' })).status).toBe(415)
    expect((await send(client, `name,email\n${'x'.repeat(5_000_000)}`)).status).toBe(413)
  })
})
