import { join } from 'node:path'
import { ROLES } from '../../db/tenancy/roles.ts'
import { loadConfig } from '../config.ts'
import { keysFileOf } from './dev-keys.ts'
import type { PartName } from './part.ts'
import type { Ports } from './ports.ts'
import { postgresUrls } from './postgres.ts'

export type Composition = {
  /** The parts that are started here; the others are somebody else's, named in the environment. */
  own: Set<PartName>
  /** The environment of API, worker and sandboxes. */
  env: NodeJS.ProcessEnv
  /** Whether tokens come from the development issuer. */
  ownIssuer: boolean
  /** Whether what is encrypted is so by a key of the data folder. */
  ownKeys: boolean
}

const HOST = '127.0.0.1'
/** Where `temporal server start-dev` has its page unless it is told otherwise. */
const DEV_SERVER_UI_PORT = 8233

/**
 * Which parts to start and what to tell them, given what is already named in the environment.
 * @throws ConfigError when what is named does not make a whole.
 */
export function composeStack(given: NodeJS.ProcessEnv, ports: Ports, home: string, keyFile: string): Composition {
  const names = (...variables: string[]) => variables.some((name) => given[name]?.trim())
  const own = new Set<PartName>(['worker', 'api'])
  const env: NodeJS.ProcessEnv = { ...given }
  const bring = (part: PartName, variables: Record<string, string>) => {
    own.add(part)
    Object.assign(env, variables)
  }
  const preset = (variables: Record<string, string>) => {
    for (const [name, value] of Object.entries(variables)) if (!given[name]?.trim()) env[name] = value
  }
  const api = `http://${HOST}:${given.API_PORT?.trim() || ports.api}`
  const ownIssuer = !names('OIDC_ISSUER', 'DEV_ISSUER_KEY_FILE')

  if (!names('DATABASE_URL', 'DATABASE_WORKER_URL', 'DATABASE_OWNER_URL')) bring('postgres', embeddedDatabase(ports))
  else if (!names('DATABASE_WORKER_URL', 'DATABASE_OWNER_URL')) Object.assign(env, loginsBeside(given.DATABASE_URL))
  const ownKeys = !names('TENOR_KEYS', 'TENOR_KEYS_FILE')
  if (ownKeys) env.TENOR_KEYS_FILE = keysFileOf(home)
  if (!names('TEMPORAL_ADDRESS')) {
    bring('temporal', {
      TEMPORAL_ADDRESS: `${HOST}:${ports.temporal}`,
      TEMPORAL_UI_URL: `http://${HOST}:${ports.temporalUi}`,
    })
  } else {
    preset({ TEMPORAL_UI_URL: `http://${hostOf(given.TEMPORAL_ADDRESS)}:${DEV_SERVER_UI_PORT}` })
  }
  if (!names('STRIPE_SECRET_KEY', 'STRIPE_API_URL')) bring('stripe', stripeSandbox(ports, api))
  if (!names('SMTP_URL')) {
    bring('mail', {
      SMTP_URL: `smtp://${HOST}:${ports.smtp}`,
      SANDBOX_SMTP_PORT: String(ports.smtp),
      SANDBOX_MAIL_HTTP_PORT: String(ports.inbox),
    })
  }
  if (!names('SALESFORCE_LOGIN_URL', 'SALESFORCE_CLIENT_ID')) bring('salesforce', salesforceSandbox(ports))
  if (ownIssuer) Object.assign(env, { TENOR_MODE: 'development', DEV_ISSUER_KEY_FILE: keyFile })
  // The development server's UI has no sign-in that could ask with a token.
  if (ownIssuer && own.has('temporal')) env.CODEC_OPEN = 'true'
  preset({
    SANDBOX_DATA: join(home, 'sandbox'),
    MAIL_FROM: 'Tenor <billing@tenor.localhost>',
    BACK_OFFICE_EMAIL: 'back-office@tenor.localhost',
    API_HOST: HOST,
    API_PORT: String(ports.api),
    PUBLIC_URL: api,
    METRICS_PORT: String(ports.workerMetrics),
    TEST_CLOCKS: 'true',
    WEBHOOK_ALLOW_PRIVATE: 'true',
    WORKFLOW_PATCHES: 'all',
  })
  loadConfig(env)
  return { own, env, ownIssuer, ownKeys }
}

function hostOf(address = ''): string {
  return address.trim().replace(/:\d+$/, '')
}

function embeddedDatabase(ports: Ports): Record<string, string> {
  const { api, worker, owner } = postgresUrls(ports.postgres)
  return { DATABASE_URL: api, DATABASE_WORKER_URL: worker, DATABASE_OWNER_URL: owner }
}

/**
 * One URL alone is the owner's, who is let make the other two logins: beside it, with its password. What is no URL is
 * left for the configuration to name.
 */
function loginsBeside(given = ''): Record<string, string> {
  const owner = given.trim()
  if (!URL.canParse(owner)) return {}
  const as = (login: string) => Object.assign(new URL(owner), { username: login }).href
  return { DATABASE_OWNER_URL: owner, DATABASE_URL: as(ROLES.api), DATABASE_WORKER_URL: as(ROLES.worker) }
}

function stripeSandbox(ports: Ports, api: string): Record<string, string> {
  return {
    STRIPE_SECRET_KEY: 'sk_test_sandbox',
    STRIPE_API_URL: `http://${HOST}:${ports.stripe}`,
    STRIPE_WEBHOOK_SECRET: 'whsec_sandbox',
    STRIPE_WEBHOOK_URL: `${api}/webhooks/stripe`,
    SANDBOX_STRIPE_PORT: String(ports.stripe),
  }
}

function salesforceSandbox(ports: Ports): Record<string, string> {
  return {
    SALESFORCE_LOGIN_URL: `http://${HOST}:${ports.salesforce}`,
    SALESFORCE_CLIENT_ID: 'sandbox',
    SALESFORCE_CLIENT_SECRET: 'sandbox',
    SANDBOX_SALESFORCE_PORT: String(ports.salesforce),
  }
}
