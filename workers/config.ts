import { z } from 'zod'
import { DEFAULT_LIMITS } from '../api/http/limits.ts'
import { keyRing } from '../secrets/key-ring.ts'

const port = () => z.coerce.number().int().min(0).max(65_535)
const text = () => z.string().trim().min(1)
const list = () =>
  text().transform((names) =>
    names
      .split(',')
      .map((name) => name.trim())
      .filter(Boolean),
  )
const requests = (preset: number) => z.coerce.number().int().min(1).default(preset)
const addresses = () =>
  list().pipe(z.array(z.union([z.ipv4(), z.ipv6(), z.cidrv4(), z.cidrv6()], 'must be addresses or networks')))
const url = (...schemes: string[]) =>
  z.url({ protocol: new RegExp(`^(${schemes.join('|')})$`), error: `must be a URL that begins with ${schemes[0]}://` })

/** Each program is given the login that it works with; none needs the others'. */
const databaseUrl = () => url('postgres', 'postgresql').optional()

/** What a variable is for, in words that complete "NAME is …", and an example where the value's form is not obvious. */
type About = { for: string; example?: string; neededBy?: string }
const about = <T extends z.ZodType>(schema: T, meta: About) => schema.meta(meta)

/**
 * Everything that can be configured, by the name of its environment variable. `.env.example` is made from this, and a
 * variable that is wrong or missing is named at the start with what it is for.
 */
const SECTIONS = {
  'The database': {
    DATABASE_URL: about(databaseUrl(), {
      for: "the PostgreSQL database that holds plans, money and the ledger, with the API's login",
      example: 'postgres://tenor_api:secret@db.example.com:5432/tenor',
      neededBy: 'the API',
    }),
    DATABASE_WORKER_URL: about(databaseUrl(), {
      for: "the same database with the workers' and ops' login, which may ask for all tenants",
      example: 'postgres://tenor_worker:secret@db.example.com:5432/tenor',
      neededBy: 'workers and ops',
    }),
    DATABASE_OWNER_URL: about(databaseUrl(), {
      for: 'the same database with the login that owns its tables, for migrations only',
      example: 'postgres://tenor:secret@db.example.com:5432/tenor',
      neededBy: 'set-up and db:migrate',
    }),
    DATABASE_POOL_MAX: about(z.coerce.number().int().min(1).max(1000).default(10), {
      for: 'the most connections one process opens to the database',
    }),
  },
  Temporal: {
    TEMPORAL_ADDRESS: about(text().regex(/^[^\s/]+:\d+$/, 'must be host:port'), {
      for: 'the Temporal server that every plan lives on, as host:port',
      example: 'temporal.example.com:7233',
    }),
    TEMPORAL_TLS: about(z.stringbool().optional(), {
      for: 'whether Temporal is spoken to by TLS; unset, when anything of it is named below',
      example: 'true',
    }),
    TEMPORAL_TLS_SERVER_CA_CERT_PATH: about(text().optional(), {
      for: 'a file with the certificates that vouch for the server; unset, those that everybody trusts',
      example: '/run/secrets/temporal-ca.pem',
    }),
    TEMPORAL_TLS_SERVER_NAME: about(text().optional(), {
      for: "the name in the server's certificate, where it is another than the address's",
      example: 'temporal.internal',
    }),
    TEMPORAL_TLS_CLIENT_CERT_PATH: about(text().optional(), {
      for: 'a file with our own certificate, where the server wants one (mTLS)',
      example: '/run/secrets/tenor.pem',
    }),
    TEMPORAL_TLS_CLIENT_KEY_PATH: about(text().optional(), {
      for: 'a file with the key of that certificate',
      example: '/run/secrets/tenor.key',
    }),
    TEMPORAL_API_KEY: about(text().optional(), { for: 'an API key of Temporal Cloud, instead of a certificate' }),
    TEMPORAL_NAMESPACE: about(text().default('default'), { for: 'the Temporal namespace of the plans' }),
    TEMPORAL_TASK_QUEUE: about(text().default('tenor'), { for: 'the task queue that API and workers meet on' }),
    CACHED_PLANS: about(z.coerce.number().int().min(2).optional(), {
      for: 'how many plans a worker keeps in memory, some 0.2 MB each; unset, what its memory allows',
      example: '1000',
    }),
    WORKFLOW_PATCHES: about(list().optional(), {
      for: 'the changes to workflows that new runs take up, or all; one is named when every worker has its code',
      example: 'all',
    }),
    TEMPORAL_UI_URL: about(url('http', 'https').default('http://localhost:8233'), {
      for: "the address of Temporal's UI, for links from a plan to its workflow",
    }),
  },
  Stripe: {
    STRIPE_SECRET_KEY: about(text(), {
      for: 'the key that customers are charged and refunded with at Stripe',
      example: 'sk_test_...',
    }),
    STRIPE_API_URL: about(url('http', 'https').optional(), {
      for: "the address of a stand-in for Stripe's API; unset, it is Stripe itself",
      example: 'http://127.0.0.1:4604',
    }),
    GATEWAY_REQUESTS_PER_SECOND: about(z.coerce.number().positive().optional(), {
      for: 'the most requests one worker makes of the gateway in a second; several workers share what it allows',
      example: '80',
    }),
    STRIPE_WEBHOOK_SECRET: about(list(), {
      for: "what Stripe's webhooks are signed with; two, separated by a comma, while it is rotated",
      example: 'whsec_...',
    }),
  },
  'E-mail': {
    SMTP_URL: about(url('smtp', 'smtps'), {
      for: 'the mail server that notices and receipts are sent through',
      example: 'smtps://user:password@mail.example.com',
    }),
    SMTP_REQUIRE_TLS: about(z.stringbool().optional(), {
      for: 'whether a mail server that does not offer TLS is sent nothing; unset, unless it is on the same machine',
      example: 'true',
    }),
    MAIL_FROM: about(text().regex(/^[^<>\r\n]*<?[^<>@\s]+@[^<>@\s]+>?$/, 'must be an address, or Name <address>'), {
      for: 'the sender of notices and receipts',
      example: 'Tenor <billing@example.com>',
    }),
    BACK_OFFICE_EMAIL: about(z.email(), {
      for: 'where our own people are told of devices to dispatch and to check in',
      example: 'back-office@example.com',
    }),
  },
  Salesforce: {
    SALESFORCE_LOGIN_URL: about(url('http', 'https'), {
      for: 'where Salesforce gives access tokens; escalated instalments become Cases there',
      example: 'https://login.salesforce.com',
    }),
    SALESFORCE_CLIENT_ID: about(text(), { for: "the connected app's consumer key" }),
    SALESFORCE_CLIENT_SECRET: about(text(), { for: "the connected app's consumer secret" }),
    SALESFORCE_USERNAME: about(text().optional(), {
      for: 'the integration user, for orgs that do not allow the client-credentials flow',
    }),
    SALESFORCE_PASSWORD: about(text().optional(), { for: "that user's password, with the security token behind it" }),
  },
  'The API': {
    API_HOST: about(text().default('127.0.0.1'), { for: 'the address the API listens on; 0.0.0.0 in a container' }),
    API_PORT: about(port().default(4600), { for: 'the port the API listens on' }),
    PUBLIC_URL: about(url('http', 'https').default('http://localhost:4600'), {
      for: 'where people reach the API, for links in mails and answers',
    }),
    TRUSTED_PROXIES: about(addresses().optional(), {
      for: 'the addresses or networks, separated by commas, of the proxies before the API; only theirs is believed whom they ask for',
      example: '10.0.0.0/8',
    }),
    RATE_READS: about(requests(DEFAULT_LIMITS.reads), {
      for: 'the most reads a minute of one caller at one API process; of one address, five times as many',
    }),
    RATE_WRITES: about(requests(DEFAULT_LIMITS.writes), { for: 'likewise of requests that change something' }),
    RATE_SIGN_INS: about(requests(DEFAULT_LIMITS.signIns), { for: 'likewise of sign-ins and requests for a token' }),
    RATE_WEBHOOKS: about(requests(DEFAULT_LIMITS.webhooks), { for: 'likewise of webhooks from a gateway' }),
    TEST_CLOCKS: about(z.stringbool().default(false), {
      for: 'whether plans may follow a test clock; true where no real money moves',
    }),
  },
  'Webhooks out': {
    WEBHOOK_ALLOW_PRIVATE: about(z.stringbool().default(false), {
      for: 'whether webhooks may go to private addresses, and by http; true only in development',
    }),
  },
  Keys: {
    TENOR_KEYS: about(text().superRefine(refuseBadKeys).optional(), {
      for: 'the keys that personal data and all that Temporal holds are encrypted with, each id:base64 of 32 bytes; the first one encrypts, the others still decrypt',
      example: '2027a:<openssl rand -base64 32>,2026b:<the one before>',
    }),
    TENOR_KEYS_FILE: about(text().optional(), {
      for: 'a file that holds them, a line each, instead of TENOR_KEYS',
      example: '/run/secrets/tenor-keys',
    }),
    OPERATORS_TENANT: about(text().default('tenor'), {
      for: 'the tenant of those who run Tenor: its admins may read what Temporal holds of every plan',
    }),
    CODEC_OPEN: about(z.stringbool().default(false), {
      for: "whether pages of Temporal's UI may read it without a token, as where that UI has no sign-in; true only in development",
    }),
  },
  'Who may call': {
    OIDC_ISSUER: about(url('https', 'http').optional(), {
      for: 'the issuer whose bearer tokens the API takes; its keys are found by discovery',
      example: 'https://login.example.com/',
    }),
    OIDC_AUDIENCE: about(text().optional(), { for: 'the audience such a token must name', example: 'tenor' }),
    TENOR_MODE: about(z.enum(['production', 'development']).default('production'), {
      for: 'whether this is a production, where Tenor never signs tokens itself',
    }),
    DEV_ISSUER_KEY_FILE: about(text().optional(), {
      for: 'the key that Tenor signs tokens with itself, instead of OIDC_ISSUER; only with TENOR_MODE=development',
      example: '.tenor/dev-issuer.key.json',
    }),
  },
  'Watching it': {
    LOG_LEVEL: about(z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']).default('info'), {
      for: 'how much is logged',
    }),
    METRICS_TOKEN: about(text().min(16).optional(), {
      for: "the bearer token that Prometheus reads the API's /metrics with; unset, only in development anybody may",
      example: '<openssl rand -hex 32>',
    }),
    METRICS_HOST: about(text().default('127.0.0.1'), {
      for: "the address of a worker's /health and /metrics; 0.0.0.0 in a container",
    }),
    METRICS_PORT: about(port().default(9464), { for: "the port of a worker's /health and /metrics" }),
  },
} satisfies Record<string, Record<string, z.ZodType>>

const SCHEMA = z.object({
  ...SECTIONS['The database'],
  ...SECTIONS.Temporal,
  ...SECTIONS.Stripe,
  ...SECTIONS['E-mail'],
  ...SECTIONS.Salesforce,
  ...SECTIONS['The API'],
  ...SECTIONS['Webhooks out'],
  ...SECTIONS.Keys,
  ...SECTIONS['Who may call'],
  ...SECTIONS['Watching it'],
})

const DATABASE_NAMES = ['DATABASE_URL', 'DATABASE_WORKER_URL', 'DATABASE_OWNER_URL'] as const
type DatabaseName = (typeof DATABASE_NAMES)[number]

/** With the database's URLs that were asked for. */
export type Config<Needed extends DatabaseName = DatabaseName> = z.output<typeof SCHEMA> & Record<Needed, string>

/** The names of all variables. */
export const CONFIG_NAMES: readonly string[] = Object.keys(SCHEMA.shape)

type Variables = Record<string, string | undefined>

/** Names every variable that is wrong or missing, with what it is for. Its message is meant for people. */
export class ConfigError extends Error {
  override name = 'ConfigError'
}

/**
 * The configuration in these variables; one that is set but empty counts as not set. `needed` are the database's logins
 * that the program works with; the whole stack, unless said otherwise, with all of them.
 * @throws ConfigError that names every wrong or missing variable at once.
 */
export function loadConfig<Needed extends DatabaseName = DatabaseName>(
  env: Variables = process.env,
  needed: readonly Needed[] = DATABASE_NAMES as unknown as readonly Needed[],
): Config<Needed> {
  const given = Object.fromEntries(
    Object.entries(env).filter(([, value]) => value !== undefined && value.trim() !== ''),
  )
  const parsed = SCHEMA.safeParse(given)
  const problems = [
    ...(parsed.error?.issues ?? []).map((issue) => problem(String(issue.path[0]), given, issue.message)),
    ...needed.filter((name) => given[name] === undefined).map((name) => problem(name, given, '')),
    ...authProblems(given),
    ...keyProblems(given),
    ...(parsed.data ? codecProblems(parsed.data) : []),
  ]
  if (problems.length === 0 && parsed.success) return parsed.data as Config<Needed>
  throw new ConfigError(
    ['Tenor cannot start with this configuration:', ...problems.map((line) => `  ${line}`), HELP].join('\n'),
  )
}

const HELP = 'See .env.example for all variables. `npm start` sets up and fills in whatever is not given.'

export function loadConfigOrExit<Needed extends DatabaseName>(...needed: Needed[]): Config<Needed> {
  return orExit(() => loadConfig(process.env, needed))
}

/** For processes that cannot go on without: says what is wrong, and ends with exit code 1. */
export function orExit<T>(configured: () => T): T {
  try {
    return configured()
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    console.error(error.message)
    process.exit(1)
  }
}

function problem(name: string, given: Variables, message: string): string {
  const what = given[name] === undefined ? 'is missing' : `is wrong (${message})`
  return `${name} ${what}: ${aboutOf(name)?.for}.`
}

function authProblems(given: Variables): string[] {
  const need = (name: string, why: string) => `${name} is missing: ${aboutOf(name)?.for}; ${why}.`
  if (given.OIDC_ISSUER && given.DEV_ISSUER_KEY_FILE) {
    return ['OIDC_ISSUER and DEV_ISSUER_KEY_FILE exclude each other: tokens come from one issuer.']
  }
  if (given.DEV_ISSUER_KEY_FILE) return devIssuerProblems(given)
  if (given.OIDC_ISSUER) return given.OIDC_AUDIENCE ? [] : [need('OIDC_AUDIENCE', 'needed with OIDC_ISSUER')]
  return [need('OIDC_ISSUER', 'or DEV_ISSUER_KEY_FILE in development')]
}

/** Whoever can read a development issuer's key file is everybody: it must not come near real money by accident. */
function devIssuerProblems(given: Variables): string[] {
  if (given.TENOR_MODE !== 'development') {
    return ['DEV_ISSUER_KEY_FILE is refused in production: set OIDC_ISSUER, or TENOR_MODE=development.']
  }
  const isLive = /^[a-z]+_live_/.test(given.STRIPE_SECRET_KEY ?? '')
  return isLive
    ? ['DEV_ISSUER_KEY_FILE is refused where STRIPE_SECRET_KEY is a live key, which moves real money: set OIDC_ISSUER.']
    : []
}

function keyProblems(given: Variables): string[] {
  if (given.TENOR_KEYS && given.TENOR_KEYS_FILE) return ['TENOR_KEYS and TENOR_KEYS_FILE exclude each other.']
  if (given.TENOR_KEYS || given.TENOR_KEYS_FILE) return []
  return [`TENOR_KEYS is missing: ${aboutOf('TENOR_KEYS')?.for}; or TENOR_KEYS_FILE.`]
}

function codecProblems({ CODEC_OPEN: isOpen, TENOR_MODE: mode }: z.output<typeof SCHEMA>): string[] {
  return isOpen && mode === 'production' ? ['CODEC_OPEN is refused in production: anybody could read any plan.'] : []
}

function refuseBadKeys(keys: string, context: z.core.$RefinementCtx<string>): void {
  try {
    keyRing(keys)
  } catch (error) {
    context.addIssue({ code: 'custom', message: (error as Error).message })
  }
}

function aboutOf(name: string): About | undefined {
  return (SCHEMA.shape as Record<string, z.ZodType>)[name]?.meta() as About | undefined
}

/** The text of `.env.example`. */
export function envExample(): string {
  const sections = Object.entries(SECTIONS).map(([title, variables]) => {
    const lines = Object.entries(variables as Record<string, z.ZodType>).map(([name, schema]) => entry(name, schema))
    return [`# ${title}`, ...lines].join('\n\n')
  })
  return `${[EXAMPLE_HEAD, ...sections].join('\n\n\n')}\n`
}

function entry(name: string, schema: z.ZodType): string {
  const { for: purpose, example, neededBy } = schema.meta() as About
  const optional = schema.safeParse(undefined)
  const preset = optional.success && optional.data !== undefined ? String(optional.data) : undefined
  const absent = neededBy ? `required by ${neededBy}` : optional.success ? 'optional' : 'required'
  const need = preset !== undefined ? `default ${preset}` : absent
  return [`# ${purpose} (${need})`, `#${name}=${preset ?? example ?? ''}`].join('\n')
}

const EXAMPLE_HEAD = `# Made from workers/config.ts by \`npm run env:write\`; change it there.
# \`npm start\` brings up each part that is not named here, so on one machine nothing needs to be set.
# Where a part is named, yours is used: copy this file to .env, or set the variables in the environment.
#
# For \`npm start\` itself: TENOR_HOME is the data folder (default .tenor), TENOR_PORT_BASE the first port (default 4600).`
