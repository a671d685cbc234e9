import type { MikroORM } from '@mikro-orm/postgresql'
import { Client, Connection } from '@temporalio/client'
import type { FastifyInstance, InjectOptions } from 'fastify'
import { receiptPdf } from '../../activities/telling/receipt-pdf.ts'
import { statementPdf } from '../../activities/telling/statement-pdf.ts'
import { buildApi } from '../../api/app.ts'
import type { ApiConfig, ApiDeps } from '../../api/deps.ts'
import type { Caller } from '../../api/identity/caller.ts'
import { openDatabase } from '../../db/orm.ts'
import { stripeGateway } from '../../gateways/stripe/gateway.ts'
import { parseWebhook } from '../../gateways/stripe/webhook.ts'
import { startStripeSandbox } from '../../sandbox/stripe/index.ts'
import { encrypting } from '../../secrets/data-converter.ts'
import { createPlanWorker } from '../../workers/plan-worker.ts'
import { TEST_KEYS } from './keys.ts'
import { freshDatabase, freshTaskQueue, temporalAddress } from './servers.ts'

export const WEBHOOK_SECRET = 'whsec_test'

// biome-ignore lint/suspicious/noExplicitAny: answers are looked into, whatever they are.
export type Answer = { status: number; headers: Record<string, unknown>; body: any; text: string }
export type Ask = { token?: string; headers?: Record<string, string>; body?: unknown; raw?: string | Buffer }

export type ApiWorld = {
  app: FastifyInstance
  deps: ApiDeps
  /** As the owner, who sees every tenant: for preparing and for looking. */
  orm: MikroORM
  /** As the worker's role. */
  workerOrm: MikroORM
  stripe: string
  /** As the API client of tenant `acme`, unless it says otherwise. */
  ask(method: string, url: string, options?: Ask): Promise<Answer>
  /** A second process beside this one, on the same servers. */
  another(config?: Partial<ApiConfig>, deps?: Partial<ApiDeps>): Promise<FastifyInstance>
  /** One more worker; ended with the world. */
  startWorker(taskQueue: string): Promise<void>
  close(): Promise<void>
}

/**
 * The API on a real database, a real Temporal and Stripe's stand-in, with a worker unless it says otherwise. Fails a
 * test whose answer the OpenAPI does not describe. Tokens are callers in JSON: `{"sub":…,"roles":[…]}`.
 */
export async function startApiWorld({ worker = true } = {}): Promise<ApiWorld> {
  const database = await freshDatabase()
  const orm = await openDatabase(database.url, { keys: TEST_KEYS })
  const ofApi = await openDatabase(database.urls.api, { role: 'api', keys: TEST_KEYS })
  const ofWorker = await openDatabase(database.urls.worker, { role: 'worker', keys: TEST_KEYS })
  const sandbox = await startStripeSandbox({ port: 0, webhookSecret: WEBHOOK_SECRET })
  const payments = stripeGateway({ secretKey: 'sk_test_x', apiUrl: sandbox.url, returnUrl: 'http://localhost/back' })
  const taskQueue = freshTaskQueue()
  const workers: (() => Promise<void>)[] = []
  const startWorker = async (queue: string) => void workers.push(await runWorker(ofWorker, payments, queue))
  if (worker) await startWorker(taskQueue)
  const connection = await Connection.connect({ address: temporalAddress() })
  const deps: ApiDeps = {
    orm: ofApi,
    temporal: new Client({ connection, dataConverter: encrypting(TEST_KEYS) }),
    payments,
    verifyToken: async (token) => callerIn(token),
    ownIssuer: { sign: async (claims) => tokenOf(claims) },
    readStripeWebhook: (raw, signature) => parseWebhook(raw, signature, [WEBHOOK_SECRET]),
    renderReceipt: receiptPdf,
    renderStatement: statementPdf,
    now: () => new Date(),
    config: {
      ...{ taskQueue, temporalUiUrl: 'http://ui.test', testClocks: true, version: '0.0.0', logger: false },
      // Worker, test and API are one process here, and busy.
      longestDelayMs: 60_000,
    },
  }
  const apps: FastifyInstance[] = []
  const another: ApiWorld['another'] = async (config = {}, others = {}) => {
    const app = await buildApi({ ...deps, ...others, config: { ...deps.config, ...config } })
    refuseUndescribed(app)
    apps.push(app)
    return app
  }
  const app = await another()
  return {
    app,
    deps,
    orm,
    workerOrm: ofWorker,
    stripe: sandbox.url,
    ask: (method, url, options) => ask(app, method, url, options),
    another,
    startWorker,
    async close() {
      await Promise.all(apps.map((one) => one.close()))
      await Promise.all(workers.map((stop) => stop()))
      await connection.close()
      await Promise.all([orm, ofApi, ofWorker].map((one) => one.close()))
      await sandbox.close()
      await database.drop()
    },
  }
}

export async function ask(app: FastifyInstance, method: string, url: string, options: Ask = {}): Promise<Answer> {
  const { token = tokenOf(), headers = {}, body, raw } = options
  const payload = raw ?? (body === undefined ? undefined : JSON.stringify(body))
  const request: InjectOptions = {
    method,
    url,
    headers: {
      authorization: `Bearer ${token}`,
      ...(payload === undefined ? {} : { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(payload === undefined ? {} : { payload }),
  }
  const answer = await app.inject(request)
  const isJson = String(answer.headers['content-type']).includes('json')
  return {
    status: answer.statusCode,
    headers: answer.headers,
    body: isJson ? JSON.parse(answer.body) : undefined,
    text: answer.body,
  }
}

/** What `verifyToken` of this world takes: no signature, so that every caller can be tried. */
export function tokenOf(caller: Partial<Caller> = {}): string {
  const whole = {
    sub: 'client-1',
    tenant: 'acme',
    roles: ['api_client', 'broker'],
    customer: null,
    client: null,
    ...caller,
  }
  return Buffer.from(JSON.stringify(whole)).toString('base64url')
}

function callerIn(token: string): Caller {
  return JSON.parse(Buffer.from(token, 'base64url').toString('utf8'))
}

async function runWorker(orm: MikroORM, gateway: ApiDeps['payments'], taskQueue: string): Promise<() => Promise<void>> {
  const places = { address: temporalAddress(), namespace: 'default', taskQueue }
  const options = { orm, gateway, keys: TEST_KEYS, ...places }
  const { worker, connection } = await createPlanWorker(options)
  const running = worker.run()
  return async () => {
    worker.shutdown()
    await running
    await connection.close()
  }
}

function refuseUndescribed(app: FastifyInstance): void {
  app.addHook('onSend', async (request, reply) => {
    const described = request.routeOptions.schema?.response as Record<string, unknown> | undefined
    if (described && !(String(reply.statusCode) in described)) {
      throw new Error(
        `${request.method} ${request.routeOptions.url} answers ${reply.statusCode}, which is not described`,
      )
    }
  })
}
