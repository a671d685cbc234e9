import { readFileSync } from 'node:fs'
import { tlsFile } from '../test/support/tls/index.ts'
import { temporalSecurity } from './temporal-server.ts'

const CRT = tlsFile('client.crt')
const KEY = tlsFile('client.key')
const CA = tlsFile('ca.crt')

describe('how Temporal is spoken to', () => {
  it.each([
    ['plainly, unless something is said', {}, {}],
    ['by TLS', { TEMPORAL_TLS: true }, { tls: {} }],
    ['plainly, when that is said', { TEMPORAL_TLS: false, TEMPORAL_TLS_SERVER_NAME: 'temporal.internal' }, {}],
    ['by TLS, when a part of it is named', { TEMPORAL_TLS_SERVER_NAME: 'a' }, { tls: { serverNameOverride: 'a' } }],
    ['with an API key, which wants TLS', { TEMPORAL_API_KEY: 'secret' }, { tls: {}, apiKey: 'secret' }],
    [
      'with certificates on both sides',
      {
        TEMPORAL_TLS_SERVER_CA_CERT_PATH: CA,
        TEMPORAL_TLS_CLIENT_CERT_PATH: CRT,
        TEMPORAL_TLS_CLIENT_KEY_PATH: KEY,
      },
      {
        tls: {
          serverRootCACertificate: readFileSync(CA),
          clientCertPair: { crt: readFileSync(CRT), key: readFileSync(KEY) },
        },
      },
    ],
  ])('%s', (_, asked, expected) => {
    expect(temporalSecurity(asked)).toEqual(expected)
  })

  it('names each file that cannot be read', () => {
    const asked = { TEMPORAL_TLS_SERVER_CA_CERT_PATH: '/no/ca.pem', TEMPORAL_TLS_CLIENT_CERT_PATH: '/no/tenor.pem' }
    expect(() => temporalSecurity({ ...asked, TEMPORAL_TLS_CLIENT_KEY_PATH: KEY })).toThrow(
      /^TEMPORAL_TLS_CLIENT_CERT_PATH: \/no\/tenor.pem .*ENOENT.*\nTEMPORAL_TLS_SERVER_CA_CERT_PATH: \/no\/ca.pem .*ENOENT/,
    )
  })

  it('wants a certificate and its key together', () => {
    expect(() => temporalSecurity({ TEMPORAL_TLS_CLIENT_CERT_PATH: CRT })).toThrow(/one is of no use without the other/)
    expect(() => temporalSecurity({ TEMPORAL_TLS_CLIENT_KEY_PATH: KEY })).toThrow(/one is of no use without the other/)
  })
})
