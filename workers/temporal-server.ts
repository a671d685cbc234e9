import { readFileSync } from 'node:fs'
import type { TemporalSecurity } from '../api/http/temporal.ts'
import { ConfigError, type loadConfig } from './config.ts'

type Asked = Partial<Pick<ReturnType<typeof loadConfig>, (typeof NAMES)[number]>>
const NAMES = [
  'TEMPORAL_TLS',
  'TEMPORAL_TLS_SERVER_CA_CERT_PATH',
  'TEMPORAL_TLS_SERVER_NAME',
  'TEMPORAL_TLS_CLIENT_CERT_PATH',
  'TEMPORAL_TLS_CLIENT_KEY_PATH',
  'TEMPORAL_API_KEY',
] as const

/**
 * From the configuration: TLS where it is switched on or anything of it is named, with our own certificate where one is
 * (mTLS).
 * @throws ConfigError that names each file that cannot be read, and a certificate without its key.
 */
export function temporalSecurity(config: Asked): TemporalSecurity {
  const problems: string[] = []
  const read = (name: (typeof NAMES)[number]) => {
    const path = config[name]
    if (typeof path !== 'string') return undefined
    try {
      return readFileSync(path)
    } catch (error) {
      problems.push(`${name}: ${path} cannot be read (${(error as NodeJS.ErrnoException).code})`)
      return undefined
    }
  }
  const [crt, key] = [read('TEMPORAL_TLS_CLIENT_CERT_PATH'), read('TEMPORAL_TLS_CLIENT_KEY_PATH')]
  const ca = read('TEMPORAL_TLS_SERVER_CA_CERT_PATH')
  if (Boolean(config.TEMPORAL_TLS_CLIENT_CERT_PATH) !== Boolean(config.TEMPORAL_TLS_CLIENT_KEY_PATH)) {
    problems.push('TEMPORAL_TLS_CLIENT_CERT_PATH and TEMPORAL_TLS_CLIENT_KEY_PATH: one is of no use without the other')
  }
  if (problems.length > 0) throw new ConfigError(problems.join('\n'))
  const apiKey = config.TEMPORAL_API_KEY
  const name = config.TEMPORAL_TLS_SERVER_NAME
  const isOn = config.TEMPORAL_TLS ?? NAMES.some((of) => config[of] !== undefined)
  if (!isOn) return {}
  return {
    tls: {
      ...(ca && { serverRootCACertificate: ca }),
      ...(name && { serverNameOverride: name }),
      ...(crt && key && { clientCertPair: { crt, key } }),
    },
    ...(apiKey && { apiKey }),
  }
}
