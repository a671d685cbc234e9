import { connect, type Socket } from 'node:net'
import { type Door, newDoor } from '../../test/support/door.ts'
import { LONGEST_URL } from './connections.ts'

let door: Door
beforeAll(async () => {
  door = await newDoor()
})
afterAll(() => door.close())

type Talk = { socket: Socket; all: Promise<string> }

/** Everything that comes back until the other side closes. */
function talk(port: number, first = ''): Talk {
  const socket = connect(port, '127.0.0.1', () => void (first && socket.write(first)))
  let answer = ''
  socket.on('data', (chunk) => {
    answer += chunk.toString()
  })
  // A reset is one way of being shown the door.
  socket.on('error', () => {})
  return { socket, all: new Promise((resolve) => socket.on('close', () => resolve(answer))) }
}

const PROBLEM = /\r\nContent-Type: application\/problem\+json/i
const POST = 'POST /payment_terms HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer x\r\nContent-Type: application/json\r\n'

describe('requests that do not come', () => {
  const LIMITS = { connections: { headersMs: 300, requestMs: 600 } }
  const HEADERS = 'GET /health/live HTTP/1.1\r\nHost: x\r\n'
  const BODY = `${POST}Content-Length: 1000\r\n\r\n{`

  it.each([
    ['headers', HEADERS],
    ['a body', BODY],
  ])('says that it gives up on %s of which the rest does not come', async (_, start) => {
    const { port } = await door.listen(LIMITS)
    const answer = await talk(port, start).all
    expect(answer).toMatch(/^HTTP\/1\.1 408 /)
    expect(answer).toMatch(PROBLEM)
    expect(answer).toContain('"code":"request_timeout"')
  })

  it.each([
    ['headers', HEADERS, 'X-A: b\r\n'],
    ['a body', BODY, ' '],
  ])('closes a connection on which %s trickle in for ever, and serves others meanwhile', async (_, start, drop) => {
    const { port, url } = await door.listen(LIMITS)
    const { socket, all } = talk(port, start)
    const trickle = setInterval(() => socket.write(drop), 50)
    expect((await fetch(`${url}/health/live`)).status).toBe(200)
    // What it says may be lost: whoever still writes to a connection that was closed is reset.
    await all
    clearInterval(trickle)
    expect(socket.destroyed).toBe(true)
  })

  it('closes a connection on which nothing comes, at once or after an answer', async () => {
    const { port } = await door.listen({ connections: { keepAliveMs: 100, silentMs: 300 } })
    expect(await talk(port).all).toBe('')
    expect(await talk(port, 'GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n').all).toMatch(/^HTTP\/1\.1 200 /)
  })

  it('takes so many connections and no more', async () => {
    const { port } = await door.listen({ connections: { connections: 2 } })
    const held = [talk(port, 'GET '), talk(port, 'GET ')]
    await Promise.all(held.map(({ socket }) => new Promise((resolve) => socket.once('ready', resolve))))
    expect(await talk(port, 'GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n').all).toBe('')
    for (const { socket } of held) socket.destroy()
  })
})

describe('requests that are too large', () => {
  it('refuses headers, addresses and bodies beyond what is taken, each by its own status', async () => {
    const { port, url } = await door.listen({ connections: { headerBytes: 12_000 } })
    const headers = talk(port, `GET /health/live HTTP/1.1\r\nHost: x\r\nX-A: ${'x'.repeat(13_000)}\r\n\r\n`)
    expect(await headers.all).toMatch(/^HTTP\/1\.1 431 .*headers_too_large/s)
    const longest = `${url}/health/live?a=`
    const room = LONGEST_URL - '/health/live?a='.length
    expect((await fetch(longest + 'x'.repeat(room))).status).toBe(200)
    const long = await fetch(longest + 'x'.repeat(room + 1))
    expect([long.status, await long.json()]).toEqual([414, expect.objectContaining({ code: 'url_too_long' })])
  })

  it('refuses a body that says it is too large before it comes, and one that does not say so while it comes', async () => {
    const { port } = await door.listen()
    const said = talk(port, `${POST}Content-Length: 999999999\r\n\r\n`)
    expect(await said.all).toMatch(/^HTTP\/1\.1 413 .*body_too_large/s)
    const chunks = `4000\r\n${' '.repeat(0x4000)}\r\n`.repeat(10)
    const silent = talk(port, `${POST}Transfer-Encoding: chunked\r\n\r\n${chunks}`)
    expect(await silent.all).toMatch(/^HTTP\/1\.1 413 .*body_too_large/s)
  })
})
