import type { MikroORM } from '@mikro-orm/postgresql'
import { Client, Connection } from '@temporalio/client'
import { openDatabase } from '../../db/orm.ts'
import type { PaymentGateway } from '../../gateways/payments.ts'
import { stripeGateway } from '../../gateways/stripe/gateway.ts'
import { encrypting } from '../../secrets/data-converter.ts'
import type { KeyRing } from '../../secrets/key-ring.ts'
import { type Config, loadConfig } from '../config.ts'
import { keysIn } from '../keys.ts'
import { keysFileOf } from '../stack/dev-keys.ts'
import { homeFolder, runningStack } from '../stack/home.ts'
import { temporalSecurity } from '../temporal-server.ts'

/** What ops' commands work with. `close` ends every connection. */
export type Ops = {
  orm: MikroORM
  keys: KeyRing
  temporal: Client
  payments: PaymentGateway
  namespace: string
  taskQueue: string
  say(line: string): void
  close(): Promise<void>
}

/** Says in words what is wrong with a command; the help is printed after it. */
export class UsageError extends Error {
  override name = 'UsageError'
}

type Where = Pick<Config<'DATABASE_WORKER_URL'>, 'DATABASE_WORKER_URL' | 'TEMPORAL_ADDRESS' | 'STRIPE_SECRET_KEY'> & {
  TEMPORAL_NAMESPACE: string
  TEMPORAL_TASK_QUEUE: string
  STRIPE_API_URL?: string | undefined
} & Pick<ReturnType<typeof loadConfig>, 'TENOR_KEYS' | 'TENOR_KEYS_FILE'> &
  Parameters<typeof temporalSecurity>[0]

/**
 * Connects to the Tenor that the environment names, or else to the one that runs on the data folder. Nothing is reached
 * before it is used.
 * @throws UsageError when there is neither.
 */
export async function connectOps(env: NodeJS.ProcessEnv, say: (line: string) => void): Promise<Ops> {
  const where = env.DATABASE_WORKER_URL?.trim() ? loadConfig(env, ['DATABASE_WORKER_URL']) : besideStack(env)
  const keys = keysIn(where)
  const orm = await openDatabase(where.DATABASE_WORKER_URL, {
    role: 'worker',
    name: 'tenor-ops',
    connectTimeoutMs: 5_000,
    keys,
  })
  const connection = Connection.lazy({
    address: where.TEMPORAL_ADDRESS,
    connectTimeout: '5s',
    ...temporalSecurity(where),
  })
  const namespace = where.TEMPORAL_NAMESPACE
  return {
    orm,
    keys,
    temporal: new Client({ connection, namespace, dataConverter: encrypting(keys) }),
    payments: stripeGateway({
      secretKey: where.STRIPE_SECRET_KEY,
      apiUrl: where.STRIPE_API_URL,
      returnUrl: 'http://localhost',
      timeoutMs: 10_000,
    }),
    namespace,
    taskQueue: where.TEMPORAL_TASK_QUEUE,
    say,
    async close() {
      await connection.close()
      await orm.close()
    },
  }
}

function besideStack(env: NodeJS.ProcessEnv): Where {
  const home = homeFolder(env)
  const stack = runningStack(home)
  if (!stack) {
    throw new UsageError(
      `No Tenor runs on ${home}, and DATABASE_WORKER_URL is not set. Start one (npm start), say where its data is (TENOR_HOME), or set the environment of a worker.`,
    )
  }
  const secret = env.STRIPE_SECRET_KEY?.trim() || (stack.stripe === null ? '' : 'sk_test_sandbox')
  if (secret === '') throw new UsageError('STRIPE_SECRET_KEY is not set, and this Tenor charges at Stripe itself.')
  return {
    DATABASE_WORKER_URL: stack.database_url,
    TEMPORAL_ADDRESS: stack.temporal_address,
    TEMPORAL_NAMESPACE: env.TEMPORAL_NAMESPACE?.trim() || 'default',
    TEMPORAL_TASK_QUEUE: env.TEMPORAL_TASK_QUEUE?.trim() || 'tenor',
    ...(env.TENOR_KEYS?.trim()
      ? { TENOR_KEYS: env.TENOR_KEYS }
      : { TENOR_KEYS_FILE: env.TENOR_KEYS_FILE?.trim() || keysFileOf(home) }),
    STRIPE_SECRET_KEY: secret,
    STRIPE_API_URL: stack.stripe ?? undefined,
  }
}

/** Works on items a few at a time; the answers are in the order of the items. */
export async function eachOf<T, R>(items: T[], atOnce: number, work: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = []
  let next = 0
  const worker = async () => {
    for (let i = next++; i < items.length; i = next++) results[i] = await work(items[i] as T)
  }
  await Promise.all(Array.from({ length: Math.min(atOnce, items.length) }, worker))
  return results
}
