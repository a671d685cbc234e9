import { join } from 'node:path'
import { isHealthy, programPart } from '../workers/stack/children.ts'
import { devIssuer } from '../workers/stack/dev-issuer.ts'
import { createPart } from '../workers/stack/part.ts'
import { freePort } from '../workers/stack/ports.ts'
import { BENCH_KEYS_TEXT } from './keys.ts'
import { TENANT } from './plans.ts'
import type { Servers } from './servers.ts'

export type Answered = { status: number; body: Record<string, string>; ms: number }
export type Api = {
  ask(method: string, path: string, body?: unknown, key?: string): Promise<Answered>
  stop(): Promise<void>
}

/** The API as it is shipped, as a process of its own on the servers of this run. */
export async function startApi(servers: Servers, taskQueue: string): Promise<Api> {
  const issuer = await devIssuer(servers.home)
  const token = await issuer.sign({ sub: 'bench', tenant: TENANT, role: 'admin' })
  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  const env = {
    ...{ PATH: process.env.PATH, DATABASE_URL: servers.databaseUrls.api, TEMPORAL_ADDRESS: servers.address },
    ...{ TEMPORAL_TASK_QUEUE: taskQueue, STRIPE_SECRET_KEY: 'sk_test_bench', STRIPE_API_URL: servers.stripeUrl },
    ...{ STRIPE_WEBHOOK_SECRET: 'whsec_bench', SMTP_URL: 'smtp://127.0.0.1:1', MAIL_FROM: 'bench@example.com' },
    BACK_OFFICE_EMAIL: 'back-office@example.com',
    ...{ SALESFORCE_LOGIN_URL: 'http://127.0.0.1:1', SALESFORCE_CLIENT_ID: 'x', SALESFORCE_CLIENT_SECRET: 'x' },
    ...{ TENOR_MODE: 'development', DEV_ISSUER_KEY_FILE: issuer.keyFile, API_PORT: String(port), LOG_LEVEL: 'error' },
    // How much it can take is what is measured, not how much it lets anybody ask.
    ...{ RATE_READS: '10000000', RATE_WRITES: '10000000' },
    TENOR_KEYS: BENCH_KEYS_TEXT,
  }
  const part = createPart(
    programPart('api', ['workers/api.ts'], {
      env,
      logFile: join(servers.home, 'api.log'),
      ready: () => isHealthy(`${url}/health/ready`),
      readyTimeoutMs: 90_000,
    }),
  )
  await part.start()
  return {
    stop: () => part.stop(),
    async ask(method, path, body, key) {
      const begun = performance.now()
      const answer = await fetch(`${url}${path}`, {
        method,
        headers: {
          authorization: `Bearer ${token}`,
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
          ...(key === undefined ? {} : { 'idempotency-key': key }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      })
      const text = await answer.text()
      const ms = performance.now() - begun
      return { status: answer.status, body: JSON.parse(text), ms }
    },
  }
}

/** The value below which this share of them lies. */
export function percentile(values: number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0
}
