import type { ICruiseOptions, IRegularForbiddenRuleType } from 'dependency-cruiser'

type Rule = IRegularForbiddenRuleType & { name: string; comment: string }

/** What each room may import. Tests may import what they need; `scripts/check-imports.ts` runs and tests these rules. */

const ROOMS = [
  'domain',
  'workflows',
  'activities',
  'gateways',
  'db',
  'secrets',
  'api',
  'workers',
  'sandbox',
  'web',
  'bench',
  'test',
]
const test = '\\.test\\.ts$'
const inRooms = (rooms: string[]) => `^(${rooms.join('|')})/`
const packages = (names: string[]) => `(^|/)node_modules/(${names.join('|')})/`

type Room = {
  /** Other rooms it reaches. */
  reaches: string[]
  /** Files of further rooms that it may use, and where it may take types from but no values: regular expressions. */
  exceptions?: string[]
  typesFrom?: string[]
  why: string
} & ({ only: string[] } | { never: string[] })

function room(name: string, { reaches, exceptions = [], typesFrom = [], why, ...use }: Room): Rule[] {
  const from = { path: inRooms([name]), pathNot: test }
  const rule = (kind: string, to: Rule['to']): Rule => {
    return { name: `${name}-${kind}`, comment: why, severity: 'error', from, to }
  }
  const others = ROOMS.filter((other) => other !== name && !reaches.includes(other))
  const not = exceptions.length > 0 ? { pathNot: exceptions } : {}
  return [
    rule('rooms', { path: inRooms(others), pathNot: [...exceptions, ...typesFrom] }),
    rule('packages', 'only' in use ? { pathNot: [inRooms(ROOMS), packages(use.only)] } : { path: packages(use.never) }),
    ...typesFrom.map((path) => rule('types', { path, ...not, dependencyTypesNot: ['type-only'] })),
  ]
}

const HTTP = ['fastify', '@fastify', 'fastify-zod-openapi']
const VENDORS = ['stripe', 'nodemailer', '@jsforce']

export const forbidden: Rule[] = [
  ...room('domain', {
    reaches: [],
    only: ['temporal-polyfill'],
    why: 'The domain is pure: no clock, no I/O, no Temporal, no framework.',
  }),
  ...room('workflows', {
    reaches: ['domain'],
    typesFrom: ['^activities/'],
    only: ['@temporalio/workflow', '@temporalio/common'],
    why: 'Workflows say when; they run in a sandbox and reach the world through activities, of which they take types.',
  }),
  ...room('gateways', {
    reaches: ['domain'],
    never: ['@temporalio', '@mikro-orm', ...HTTP],
    why: 'A gateway knows its vendor and the domain, and nothing of who calls it.',
  }),
  ...room('secrets', {
    reaches: [],
    never: ['@temporalio/(worker|workflow|client|activity)', '@mikro-orm', ...HTTP],
    why: 'Keys and what is closed with them know nothing of what it is.',
  }),
  ...room('activities', {
    reaches: ['domain', 'db', 'gateways'],
    never: ['@temporalio/(worker|workflow)', ...HTTP],
    why: 'An activity joins the domain, the database and the gateways.',
  }),
  ...room('db', {
    reaches: ['domain', 'secrets'],
    never: ['@temporalio', ...HTTP],
    why: 'The database knows the shapes of the domain, and nobody else.',
  }),
  ...room('api', {
    reaches: ['domain', 'db', 'gateways', 'secrets'],
    exceptions: ['^workflows/.+messages\\.ts$'],
    typesFrom: ['^workflows/', '^workers/config\\.ts$'],
    never: ['@temporalio/(worker|workflow|activity)'],
    why: 'The API is thin: it validates, authorises, sends workflows messages and reads the database.',
  }),
  {
    name: 'vendors-behind-gateways',
    comment: 'What a vendor calls things is known in one file per vendor, in gateways/.',
    severity: 'error',
    from: { pathNot: ['^(gateways|sandbox|bench|test)/', test] },
    to: { path: packages(VENDORS) },
  },
  {
    name: 'no-test-code-in-the-product',
    comment: 'What only tests use stays out of what runs.',
    severity: 'error',
    from: { pathNot: ['^(test|bench)/', test] },
    to: { path: ['^(test|bench)/', test] },
  },
  {
    name: 'no-circles',
    comment: 'Files that need each other are one file, or three.',
    severity: 'error',
    from: {},
    to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
  },
  {
    name: 'resolvable',
    comment: 'An import that leads nowhere.',
    severity: 'error',
    from: {},
    to: { couldNotResolve: true },
  },
]

export const options: ICruiseOptions = {
  tsPreCompilationDeps: 'specify',
  doNotFollow: { path: 'node_modules' },
  exclude: { path: ['^\\.tenor', '^coverage/', '^test/import-rules/'] },
  moduleSystems: ['es6'],
  enhancedResolveOptions: {
    exportsFields: ['exports'],
    conditionNames: ['import', 'node', 'default', 'types'],
    extensions: ['.ts', '.mjs', '.js', '.json'],
  },
}
