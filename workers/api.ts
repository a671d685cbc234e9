import { readFileSync } from 'node:fs'
import { Client } from '@temporalio/client'
import closeWithGrace from 'close-with-grace'
import { receiptPdf } from '../activities/telling/receipt-pdf.ts'
import { statementPdf } from '../activities/telling/statement-pdf.ts'
import { buildApi } from '../api/app.ts'
import type { ApiConfig } from '../api/deps.ts'
import { lazyConnection } from '../api/http/temporal.ts'
import { keysOfIssuer } from '../api/identity/issuers.ts'
import { tenantIssuers } from '../api/identity/tenant-issuers.ts'
import { type Issuer, tokenVerifier } from '../api/identity/tokens.ts'
import { keepRedelivering } from '../api/webhooks/redeliver.ts'
import { employeeByEmail } from '../db/leasing/staff.ts'
import { openDatabase } from '../db/orm.ts'
import { inTenant } from '../db/tenancy/scope.ts'
import { guarded } from '../gateways/circuit.ts'
import { stripeGateway } from '../gateways/stripe/gateway.ts'
import { parseWebhook } from '../gateways/stripe/webhook.ts'
import { encrypting } from '../secrets/data-converter.ts'
import { logCircuit } from './circuit-log.ts'
import { type Config, loadConfigOrExit, orExit } from './config.ts'
import { keysIn } from './keys.ts'
import { DEV_AUDIENCE, DEV_ISSUER, type DevIssuer, devIssuerOf } from './stack/dev-issuer.ts'
import { temporalSecurity } from './temporal-server.ts'

/** Shorter than a request may take, so that a gateway that hangs is told as what it is. */
const GATEWAY_MS = 10_000
const DATABASE_CONNECT_MS = 3_000

/** The API as a process. Neither database nor Temporal need be there at the start: what needs them answers 503. */
async function main(config: Config<'DATABASE_URL'>): Promise<void> {
  const keys = orExit(() => keysIn(config))
  const orm = await openDatabase(config.DATABASE_URL, {
    role: 'api',
    name: 'tenor-api',
    poolSize: config.DATABASE_POOL_MAX,
    connectTimeoutMs: DATABASE_CONNECT_MS,
    keys,
  })
  const connection = lazyConnection(
    config.TEMPORAL_ADDRESS,
    orExit(() => temporalSecurity(config)),
  )
  const namespace = config.TEMPORAL_NAMESPACE
  const temporal = new Client({ connection, namespace, dataConverter: encrypting(keys) })
  const ownIssuer = config.DEV_ISSUER_KEY_FILE ? await devIssuerOf(config.DEV_ISSUER_KEY_FILE) : null
  const issuer = issuerOf(config, ownIssuer)
  const tenants = tenantIssuers(orm)
  const app = await buildApi({
    orm,
    temporal,
    payments: guarded(gatewayOf(config), { onChange: (change) => logCircuit(app.log, change) }),
    verifyToken: tokenVerifier(
      async (name) => (name === issuer.name ? issuer : tenants(name)),
      (tenant, email) => inTenant(tenant, () => employeeByEmail(orm.em.fork(), tenant, email)),
    ),
    ownIssuer,
    readStripeWebhook: (raw, signature) => parseWebhook(raw, signature, config.STRIPE_WEBHOOK_SECRET),
    renderReceipt: receiptPdf,
    renderStatement: statementPdf,
    now: () => new Date(),
    config: {
      taskQueue: config.TEMPORAL_TASK_QUEUE,
      temporalUiUrl: config.TEMPORAL_UI_URL,
      testClocks: config.TEST_CLOCKS,
      operatorsTenant: config.OPERATORS_TENANT,
      codecOpen: config.CODEC_OPEN,
      webhooksToPrivate: config.WEBHOOK_ALLOW_PRIVATE,
      ...metricsFor(config),
      version: versionOf(),
      logger: { level: config.LOG_LEVEL },
      ...(config.TRUSTED_PROXIES ? { trustProxy: config.TRUSTED_PROXIES } : {}),
      limits: {
        reads: config.RATE_READS,
        writes: config.RATE_WRITES,
        signIns: config.RATE_SIGN_INS,
        webhooks: config.RATE_WEBHOOKS,
      },
    },
  })
  const stopRedelivering = keepRedelivering(
    { orm, temporal, config: { taskQueue: config.TEMPORAL_TASK_QUEUE } },
    app.log,
  )
  closeWithGrace({ delay: 15_000, logger: app.log }, async ({ err }) => {
    if (err) app.log.fatal({ err }, 'The API ends: nobody has handled this error')
    await app.close()
    await stopRedelivering()
    await connection.close()
    await orm.close()
  })
  await app.listen({ host: config.API_HOST, port: config.API_PORT })
}

function gatewayOf(config: Config<never>) {
  return stripeGateway({
    secretKey: config.STRIPE_SECRET_KEY,
    apiUrl: config.STRIPE_API_URL,
    returnUrl: config.PUBLIC_URL,
    timeoutMs: GATEWAY_MS,
  })
}

/** Who speaks for every tenant: the configured OIDC issuer, or in development Tenor itself. */
function issuerOf(
  { OIDC_ISSUER: name = '', OIDC_AUDIENCE: audience = '' }: Config<never>,
  own: DevIssuer | null,
): Issuer {
  if (own) return { name: DEV_ISSUER, audience: DEV_AUDIENCE, keys: own.keys, speaksFor: 'all' }
  return { name, audience, keys: keysOfIssuer(name), speaksFor: 'all' }
}

/** The API's port is everybody's, and figures are about all tenants. */
function metricsFor({ METRICS_TOKEN: token, TENOR_MODE }: Config<never>): Pick<ApiConfig, 'metricsFor'> {
  if (token) return { metricsFor: { token } }
  return TENOR_MODE === 'development' ? {} : { metricsFor: 'nobody' }
}

function versionOf(): string {
  const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
    version: string
  }
  return version
}

await main(loadConfigOrExit('DATABASE_URL'))
