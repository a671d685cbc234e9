import { Connection } from '@temporalio/client'
import type { TemporalSecurity } from '../../api/http/temporal.ts'
import { SEARCH_ATTRIBUTES } from '../../domain/plans/search-attributes.ts'
import type { PartSpec } from './part.ts'
import { temporalBinary } from './temporal-binary.ts'

export type TemporalOptions = {
  port: number
  /** The file that keeps workflows over restarts; absent: in memory. */
  dbFile?: string
  /** Absent: without the web page. */
  uiPort?: number
  /** Where its page has what is encrypted decoded. */
  uiCodec?: string
  httpPort?: number
  metricsPort?: number
  namespace: string
  logFile: string
  say: (line: string) => void
}

/** Says how to run Temporal's development server, found or brought first. */
export async function temporalPart(options: TemporalOptions): Promise<PartSpec> {
  const address = `127.0.0.1:${options.port}`
  return {
    name: 'temporal',
    command: await temporalBinary(options.say),
    args: ['server', 'start-dev', '--ip', '127.0.0.1', '--port', String(options.port), ...flags(options)],
    logFile: options.logFile,
    ready: () => isServing(address, options.namespace),
    stopGraceMs: 10_000,
  }
}

function flags(options: TemporalOptions): string[] {
  const { dbFile, uiPort, uiCodec, httpPort, metricsPort, namespace } = options
  return [
    ...(uiPort === undefined ? ['--headless'] : ['--ui-port', String(uiPort)]),
    ...(uiPort === undefined || uiCodec === undefined ? [] : ['--ui-codec-endpoint', uiCodec]),
    ...(dbFile === undefined ? [] : ['--db-filename', dbFile]),
    ...(httpPort === undefined ? [] : ['--http-port', String(httpPort)]),
    ...(metricsPort === undefined ? [] : ['--metrics-port', String(metricsPort)]),
    ...(namespace === 'default' ? [] : ['--namespace', namespace]),
    ...['--log-level', 'warn'],
    // A search attribute can be used as soon as it is registered, not a minute later.
    ...['--dynamic-config-value', 'system.forceSearchAttributesCacheRefreshOnRead=true'],
  ]
}

/** Whether a Temporal server answers at the address and knows the namespace. */
export async function isServing(address: string, namespace: string, security: TemporalSecurity = {}): Promise<boolean> {
  const connection = await Connection.connect({ address, connectTimeout: '5s', ...security })
  try {
    await connection.workflowService.describeNamespace({ namespace })
    return true
  } finally {
    await connection.close()
  }
}

/** Registers the search attributes that are missing. Throws when one is there with another type. */
export async function registerSearchAttributes(
  address: string,
  namespace: string,
  security: TemporalSecurity = {},
): Promise<void> {
  const connection = await Connection.connect({ address, connectTimeout: '10s', ...security })
  try {
    const { customAttributes } = await connection.operatorService.listSearchAttributes({ namespace })
    const wanted = Object.entries(SEARCH_ATTRIBUTES).map(([name, type]) => [name, INDEXED_VALUE_TYPE[type]] as const)
    for (const [name, type] of wanted) {
      const present = customAttributes?.[name]
      if (present !== undefined && present !== null && present !== type) {
        throw new Error(`Temporal's search attribute ${name} is there with another type, in namespace ${namespace}.`)
      }
    }
    const missing = wanted.filter(([name]) => customAttributes?.[name] == null)
    if (missing.length === 0) return
    await connection.operatorService.addSearchAttributes({ namespace, searchAttributes: Object.fromEntries(missing) })
  } finally {
    await connection.close()
  }
}

/** `temporal.api.enums.v1.IndexedValueType`. */
const INDEXED_VALUE_TYPE = { Keyword: 2, Int: 3, Bool: 5, Datetime: 6 } as const
