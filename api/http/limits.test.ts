import { type Door, newDoor } from '../../test/support/door.ts'

let door: Door
beforeAll(async () => {
  door = await newDoor()
})
afterAll(() => door.close())

/** Statuses of so many requests, one after the other. */
async function statuses(times: number, ask: (time: number) => Promise<Response>): Promise<number[]> {
  const all: number[] = []
  for (let time = 0; time < times; time++) all.push((await ask(time)).status)
  return all
}

const as = (who: string, more: Record<string, string> = {}) => ({
  headers: { authorization: `Bearer ${who}`, ...more },
})
/** Stops at its own validation, so that nothing behind the door is needed. */
const READ = '/payment_terms?limit=0'

/** Who calls is what the token says, and how often that was asked is counted. */
function namingVerifier() {
  const verifier = {
    asked: 0,
    verifyToken: async (sub: string) => {
      verifier.asked += 1
      return { sub, tenant: 'acme', roles: ['admin' as const], customer: null, client: null }
    },
  }
  return verifier
}

describe('limits of one caller', () => {
  it('holds for each class of routes apart, tells when to come back, and leaves other callers alone', async () => {
    const { url } = await door.listen({ limits: { reads: 2, writes: 1 } }, namingVerifier())
    const read = (who: string) => fetch(`${url}${READ}`, as(who))
    const write = (who: string) => fetch(`${url}/customers/x`, { method: 'PATCH', ...as(who) })
    expect(await statuses(3, () => read('ann'))).toEqual([400, 400, 429])
    expect(await statuses(2, () => write('ann'))).toEqual([503, 429])
    expect(await statuses(1, () => read('bob'))).toEqual([400])
    const limited = await read('ann')
    const seconds = Number(limited.headers.get('retry-after'))
    expect([limited.headers.get('content-type'), seconds > 0 && seconds <= 60]).toEqual([
      'application/problem+json; charset=utf-8',
      true,
    ])
    expect(await limited.json()).toMatchObject({ status: 429, code: 'rate_limited' })
  })

  it('never holds for health and metrics, which show what was refused and why', async () => {
    const { url } = await door.listen({ limits: { reads: 1 } }, namingVerifier())
    await statuses(2, () => fetch(`${url}${READ}`, as('ann')))
    expect(await statuses(12, () => fetch(`${url}/health/live`))).toEqual(Array(12).fill(200))
    expect(await (await fetch(`${url}/metrics`)).text()).toContain(
      'tenor_http_refused_total{reason="rate_caller",class="reads"} 1',
    )
  })
})

describe('limits of one address', () => {
  it('holds for all callers there together, before anything is done about their tokens', async () => {
    const verifier = namingVerifier()
    const { url } = await door.listen({ limits: { reads: 1 } }, verifier)
    const asked = await statuses(7, (time) => fetch(`${url}${READ}`, as(`caller-${time}`)))
    expect(asked).toEqual([400, 400, 400, 400, 400, 429, 429])
    expect(verifier.asked).toBe(5)
  })

  it('holds for webhooks, addresses that lead nowhere and tokens that are none', async () => {
    const refusing = { verifyToken: async () => Promise.reject(new Error('none')) }
    const { url } = await door.listen({ limits: { reads: 1, webhooks: 1 } }, refusing)
    const webhook = () => fetch(`${url}/webhooks/stripe`, { method: 'POST', body: 'x' })
    expect((await statuses(6, webhook)).at(-1)).toBe(429)
    expect(await statuses(6, () => fetch(`${url}/nowhere`))).toEqual([404, 404, 404, 404, 404, 429])
  })

  const asClients = async (trustProxy: string[] | undefined, forwarded: (time: number) => string) => {
    const { url } = await door.listen({ limits: { reads: 1 }, trustProxy }, namingVerifier())
    return statuses(6, (time) => fetch(`${url}${READ}`, as(`c-${time}`, { 'x-forwarded-for': forwarded(time) })))
  }

  it('takes the address that a trusted proxy saw, whatever the client claims before it', async () => {
    expect(await asClients(['127.0.0.1'], (time) => `198.51.100.${time}`)).not.toContain(429)
    expect(await asClients(['127.0.0.0/8'], (time) => `198.51.100.${time}, 203.0.113.9`)).toContain(429)
    expect(await asClients(['127.0.0.1', '203.0.113.9'], (time) => `198.51.100.${time}, 203.0.113.9`)).not.toContain(
      429,
    )
  })

  it('believes nobody who is not named as a proxy', async () => {
    expect(await asClients(undefined, (time) => `198.51.100.${time}`)).toContain(429)
    expect(await asClients(['10.0.0.7'], (time) => `198.51.100.${time}`)).toContain(429)
  })

  it('counts the addresses of one IPv6 network as one', async () => {
    expect(await asClients(['127.0.0.1'], (time) => `2001:db8:1:2::${time + 1}`)).toContain(429)
    expect(await asClients(['127.0.0.1'], (time) => `2001:db8:1:${time + 1}::1`)).not.toContain(429)
  })
})
