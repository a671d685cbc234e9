import { NativeConnection } from '@temporalio/worker'
import { temporalAddress } from '../test/support/servers.ts'
import { type TlsWay, tlsFile, tlsWay } from '../test/support/tls/index.ts'
import { isServing } from './stack/temporal.ts'
import { temporalSecurity } from './temporal-server.ts'

let way: TlsWay
let address: string
beforeAll(async () => {
  way = await tlsWay(Number(temporalAddress().split(':')[1]), { clients: true })
  address = `127.0.0.1:${way.port}`
})
afterAll(() => way?.close())

const VOUCHED = { TEMPORAL_TLS_SERVER_CA_CERT_PATH: tlsFile('ca.crt') }
const OURS = {
  TEMPORAL_TLS_CLIENT_CERT_PATH: tlsFile('client.crt'),
  TEMPORAL_TLS_CLIENT_KEY_PATH: tlsFile('client.key'),
}

describe('a Temporal server that wants mutual TLS', () => {
  it('is reached by clients and workers with a certificate', async () => {
    const security = temporalSecurity({ ...VOUCHED, ...OURS })
    await expect(isServing(address, 'default', security)).resolves.toBe(true)
    const connection = await NativeConnection.connect({ address, ...security })
    await connection.close()
    expect(way.taken()).toBeGreaterThanOrEqual(2)
  })

  it.each([
    ['without one', { ...VOUCHED }],
    ['of which nobody knows who vouches for it', { TEMPORAL_TLS: true, ...OURS }],
    ['without TLS', {}],
  ])(
    'is not reached %s',
    async (_, asked) => {
      await expect(isServing(address, 'default', temporalSecurity(asked))).rejects.toThrow()
    },
    30_000,
  )
})
