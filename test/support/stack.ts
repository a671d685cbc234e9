import type { DatabaseUrls } from '../../db/migrate.ts'
import { CONFIG_NAMES } from '../../workers/config.ts'
import { type DevClaims, devIssuer } from '../../workers/stack/dev-issuer.ts'
import type { Addresses } from '../../workers/stack/home.ts'
import { freePorts } from '../../workers/stack/ports.ts'
import { type Stack, startStack } from '../../workers/stack/stack.ts'
import { freshDatabase, freshFolder, startServers, stopBeforeServers, temporalAddress } from './servers.ts'

const SHARED = 'TENOR_TEST_STACK'

type Shared = { addresses: Addresses; home: string; env: Record<string, string> }

/** jest's globalSetup: one stack for all end-to-end files, on the servers that the integration tests use as well. */
export async function startSharedStack(): Promise<void> {
  await startServers()
  const { urls } = await freshDatabase()
  const stack = await startTestStack({
    ...databaseEnv(urls),
    TEMPORAL_ADDRESS: temporalAddress(),
    TEMPORAL_TASK_QUEUE: 'e2e',
  })
  stopBeforeServers(() => stack.stop())
  const { addresses, home, env } = stack
  process.env[SHARED] = JSON.stringify({ addresses, home, env })
}

/** What the environment says of a database. */
export function databaseEnv({ api, worker, owner }: DatabaseUrls): Record<string, string> {
  return { DATABASE_URL: api, DATABASE_WORKER_URL: worker, DATABASE_OWNER_URL: owner }
}

/** The stack that all end-to-end files share: its addresses, its environment, and tokens for it. */
export function sharedStack(): Shared & { token(claims: DevClaims): Promise<string> } {
  const text = process.env[SHARED]
  if (!text) throw new Error('There is no shared stack: this test belongs to the jest project e2e, below test/e2e.')
  const found = JSON.parse(text) as Shared
  return { ...found, token: async (claims) => (await devIssuer(found.home)).sign(claims) }
}

/**
 * A whole stack of one's own on free ports, whose parts can be killed and restarted; the caller stops it. Whatever the
 * developer has configured is left out, so that tests never reach a real gateway.
 */
export async function startTestStack(env: NodeJS.ProcessEnv = {}): Promise<Stack> {
  const clean = Object.entries(process.env).filter(([name]) => !CONFIG_NAMES.includes(name))
  return startStack({
    home: freshFolder('stack'),
    ports: await freePorts(),
    env: { ...Object.fromEntries(clean), ...env },
    say: (line) => process.stderr.write(`${line}\n`),
    durable: false,
  })
}
