import { type ApiWorld, startApiWorld, tokenOf } from '../../test/support/api-world.ts'

let world: ApiWorld
beforeAll(async () => {
  world = await startApiWorld()
}, 120_000)
afterAll(async () => world?.close())

async function ready(url: string): Promise<string> {
  for (let tries = 0; ; tries++) {
    const { body } = await world.ask('GET', url)
    if (body.status === 'ready' || tries > 200) return body.status === 'ready' ? body.now : body.status
    await new Promise((done) => setTimeout(done, 50))
  }
}

describe('a test clock', () => {
  it('stands where it was put, goes on when told, and never back', async () => {
    const made = await world.ask('POST', '/test_clocks', { body: { frozen_time: '2027-01-15T10:00:00+02:00' } })
    expect(made).toMatchObject({ status: 201, body: { status: 'ready', now: '2027-01-15T08:00:00Z' } })
    const url = String(made.headers.location)
    const advanced = await world.ask('POST', `${url}/advance`, { body: { to: '2030-02-28T00:00:00Z' } })
    expect(advanced.status).toBe(200)
    expect(await ready(url)).toBe('2030-02-28T00:00:00Z')
    for (const to of ['2030-02-28T00:00:00Z', '2027-01-01T00:00:00Z']) {
      expect(await world.ask('POST', `${url}/advance`, { body: { to } })).toMatchObject({
        status: 409,
        body: { code: 'clock_backwards' },
      })
    }
    expect((await world.ask('GET', url, { token: tokenOf({ tenant: 'globex' }) })).status).toBe(404)
    expect((await world.ask('DELETE', url)).status).toBe(204)
    expect((await world.ask('GET', url)).status).toBe(404)
    expect((await world.ask('DELETE', url)).status).toBe(404)
    expect((await world.ask('POST', `${url}/advance`, { body: { to: '2031-01-01T00:00:00Z' } })).status).toBe(404)
  })

  it('is told to go on once by a key, however often it is sent', async () => {
    const made = await world.ask('POST', '/test_clocks', { body: { frozen_time: '2027-01-15T10:00:00Z' } })
    const url = String(made.headers.location)
    const go = () =>
      world.ask('POST', `${url}/advance`, {
        body: { to: '2027-02-15T10:00:00Z' },
        headers: { 'idempotency-key': 'go' },
      })
    const [one, two] = [await go(), await go()]
    expect([one.status, two.status, two.text]).toEqual([200, 200, one.text])
    expect(await ready(url)).toBe('2027-02-15T10:00:00Z')
  })
})
