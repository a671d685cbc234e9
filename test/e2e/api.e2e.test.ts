import { connect } from 'node:net'
import { sharedStack } from '../support/stack.ts'

const { addresses, token } = sharedStack()

async function get(path: string, bearer?: string, init: RequestInit = {}): Promise<Response> {
  const headers = { ...(bearer ? { authorization: `Bearer ${bearer}` } : {}), ...(init.headers as object) }
  return fetch(`${addresses.api}${path}`, { ...init, headers })
}

/** What comes back for bytes that no HTTP client would send. */
function raw(bytes: string): Promise<string> {
  const { hostname, port } = new URL(addresses.api)
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), hostname, () => socket.end(bytes))
    let answer = ''
    socket.on('data', (chunk) => {
      answer += chunk.toString()
    })
    socket.on('error', reject)
    socket.on('close', () => resolve(answer))
  })
}

describe('the API as a process', () => {
  it('is ready, and described', async () => {
    expect(await (await get('/health/ready')).json()).toMatchObject({
      status: 'ok',
      checks: { database: true, temporal: true, worker: true },
    })
    expect(await (await get('/openapi.json')).json()).toMatchObject({ openapi: '3.1.0' })
    expect((await get('/docs')).status).toBe(200)
    expect(await (await get('/metrics')).text()).toMatch(
      /tenor_http_request_seconds_count\{[^}]*route="\/health\/ready"/,
    )
  })

  it('takes the development issuer’s tokens, each for what its role may', async () => {
    const admin = await token({ sub: 'a', tenant: 'tenor', role: 'admin' })
    const broker = await token({ sub: 'b', tenant: 'tenor', role: 'broker' })
    const customer = await token({ sub: 'c', tenant: 'tenor', role: 'customer', customer: 'nobody' })
    expect((await get('/payment_terms', admin)).status).toBe(200)
    expect((await get('/escalations', broker)).status).toBe(200)
    expect(await (await get('/payment_terms', customer)).json()).toEqual({ data: [], next_cursor: null })
    expect((await get('/escalations', customer)).status).toBe(403)
    expect((await get('/payment_terms', `${admin.slice(0, -4)}AAAA`)).status).toBe(401)
    expect((await get('/payment_terms')).status).toBe(401)
  })

  it('answers what is no HTTP with a problem, and goes on', async () => {
    for (const bytes of [
      'NONSENSE\r\n\r\n',
      'GET / HTTP/9.9\r\n\r\n',
      `GET / HTTP/1.1\r\nHost: x\r\nA: ${'x'.repeat(50_000)}\r\n\r\n`,
    ]) {
      const answer = await raw(bytes)
      expect(answer).toMatch(/^HTTP\/1\.1 4\d\d /)
      expect(answer).toContain('application/problem+json')
    }
    expect((await get('/health/live')).status).toBe(200)
  })
})
