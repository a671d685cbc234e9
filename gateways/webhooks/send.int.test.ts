import { createServer } from 'node:http'
import { type AddressInfo, createServer as createTcpServer } from 'node:net'
import { type Receiver, startReceiver } from '../../test/support/webhook-receiver.ts'
import { webhookSender } from './send.ts'

let receiver: Receiver
beforeAll(async () => {
  receiver = await startReceiver()
})
afterAll(() => receiver.close())
beforeEach(() => receiver.reset())

const local = [{ address: '127.0.0.1', family: 4 }]
const open = webhookSender({ allowPrivate: true, resolve: async () => local })
const post = (url: string) => ({ url, headers: { 'content-type': 'application/json' }, body: '{"event_id":"evt_ü"}' })
const named = (host: string, scheme = 'http') => receiver.url.replace('127.0.0.1', host).replace('http', scheme)

async function listening(server: {
  listen(port: number, host: string, done: () => void): unknown
  address(): unknown
}) {
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
}

describe('sending a webhook', () => {
  it('goes to the address that was checked, with the name in the Host header', async () => {
    expect(await open(post(named('hooks.test')))).toBe(200)
    expect(receiver.received).toMatchObject([{ body: '{"event_id":"evt_ü"}' }])
    expect(receiver.received[0]?.headers.host).toMatch(/^hooks\.test:\d+$/)
  })

  it('connects nowhere when a name that was public leads to a private address by now', async () => {
    const answers = [[{ address: '8.8.8.8', family: 4 }], local]
    let asked = 0
    const resolve = async () => answers[Math.min(asked++, 1)] ?? []
    const { addressesOf } = await import('./target.ts')
    const url = named('rebind.test', 'https')
    expect(await addressesOf(new URL(url), { allowPrivate: false, resolve })).toEqual(answers[0])
    const guarded = webhookSender({ allowPrivate: false, resolve })
    await expect(guarded(post(url))).rejects.toThrow('not on a public address')
    expect([asked, receiver.received]).toEqual([2, []])
  })

  it('asks for the address once, so that the connection cannot be led elsewhere', async () => {
    const answers = [local, [{ address: '127.0.0.9', family: 4 }]]
    let asked = 0
    const send = webhookSender({ allowPrivate: true, resolve: async () => answers[asked++] ?? [] })
    expect(await send(post(named('flips.test')))).toBe(200)
    expect(asked).toBe(1)
  })

  it.each([301, 302, 307, 308, 404, 410, 500])('follows nothing and answers %i as it is', async (status) => {
    receiver.answer(status)
    expect(await open(post(receiver.url))).toBe(status)
    expect(receiver.received).toHaveLength(1)
  })

  it('gives up on who does not answer, and on who is not there', async () => {
    const silent = createTcpServer(() => undefined)
    const url = await listening(silent)
    const impatient = webhookSender({ allowPrivate: true, timeoutMs: 200 })
    await expect(impatient(post(url))).rejects.toThrow('No answer within 0.2 s')
    const hanging = webhookSender({ allowPrivate: true, timeoutMs: 200, resolve: () => new Promise(() => undefined) })
    await expect(hanging(post('http://hangs.test/'))).rejects.toThrow('No answer within 0.2 s')
    silent.close()
    await expect(open(post('http://127.0.0.1:1/'))).rejects.toThrow('ECONNREFUSED')
  })

  it('stops reading an answer that does not end, and takes it for what its head said', async () => {
    let written = 0
    const endless = createServer((_request, response) => {
      response.writeHead(200)
      const more = () => {
        while (!response.destroyed && response.write(Buffer.alloc(65_536))) written += 65_536
        if (!response.destroyed) response.once('drain', more)
      }
      more()
    })
    const url = await listening(endless)
    expect(await open(post(url))).toBe(200)
    const dripping = createServer((_request, response) => void response.writeHead(202).write('x'))
    const slow = webhookSender({ allowPrivate: true, timeoutMs: 300 })
    expect(await slow(post(await listening(dripping)))).toBe(202)
    expect(written).toBeLessThan(20_000_000)
    for (const server of [endless, dripping]) {
      server.closeAllConnections()
      server.close()
    }
  })
})
