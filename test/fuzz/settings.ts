import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Names, PAYMENT_METHODS } from './scene.ts'

/**
 * What is not checked, and why: the one place.
 * A status here is an answer that is right for input that fits its schema: rules and the state of things decide.
 */
const ANSWERS_TO_GOOD_INPUT = ['2xx', '304', '401', '403', '404', '409', '412', '422']
/** Of 5xx only "come back later"; 414 is what a text gets that is longer than any address may be. */
const ANSWERS_TO_BAD_INPUT = ['400', '401', '403', '404', '405', '409', '412', '413', '414', '415', '422', '503']

type Settings = { names: Names; tokens: Record<string, string>; examples: number }

/** Writes schemathesis.toml and the two callers' tokens into `folder`; returns the file's name. */
export function writeSettings(folder: string, { names, tokens, examples }: Settings): string {
  const auth = join(folder, 'callers.json')
  const callers = Object.entries(tokens).map(([name, token]) => ({
    name,
    fixedHeaders: [{ name: 'Authorization', value: `Bearer ${token}` }],
  }))
  writeFileSync(auth, JSON.stringify({ auth: callers }))
  const dictionaries: Record<string, string[]> = { ...names, ...WORDS }
  const lines = [
    // Runs tell each other nothing: what a run finds comes from its seed alone.
    '[cache]',
    'enabled = false',
    `[auth.wfc]`,
    `path = ${JSON.stringify(auth)}`,
    `peers = ${JSON.stringify(Object.keys(tokens))}`,
    ...Object.entries(dictionaries).flatMap(([name, values]) => [
      `[dictionaries.${name}]`,
      `values = ${JSON.stringify(values)}`,
    ]),
    '[parameters]',
    ...Object.entries(EVERYWHERE).map(([name, dictionary]) => binding(name, dictionary)),
    ...Object.entries(IDS).flatMap(([path, parameters]) => [
      '[[operations]]',
      `include-path-regex = ${JSON.stringify(path)}`,
      '[operations.parameters]',
      ...Object.entries(parameters).map(([name, dictionary]) => binding(name, dictionary)),
    ]),
    '[generation]',
    `max-examples = ${Math.max(1, examples)}`,
    '[checks.positive_data_acceptance]',
    `expected-statuses = ${JSON.stringify(ANSWERS_TO_GOOD_INPUT)}`,
    '[checks.negative_data_rejection]',
    `expected-statuses = ${JSON.stringify(ANSWERS_TO_BAD_INPUT)}`,
  ]
  const file = join(folder, 'schemathesis.toml')
  writeFileSync(file, `${lines.join('\n')}\n`)
  return file
}

/** What rules, rather than schemas, say is possible. */
const WORDS = {
  methods: PAYMENT_METHODS,
  dates: [0, 1, 40, 400].map((days) => new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 10)),
  zones: ['UTC', 'America/Toronto', 'Asia/Kathmandu', 'Pacific/Apia'],
  tags: ['*'],
  months: ['2027-01', '2027-02', '2027-03'],
  currencies: ['USD', 'EUR', 'JPY', 'KWD', 'UGX'],
}
type Dictionary = keyof Names | keyof typeof WORDS

/** Which real ids a path takes: a new one is a row here, and what it names is made in scene.ts; */
const IDS: Record<string, Record<string, Dictionary>> = {
  '^/payment_terms(/quote)?$': { 'body.customer_id': 'customers' },
  '^/payment_terms/[{]id[}]': { 'path.id': 'plans' },
  '^/customers/': { 'path.id': 'customers' },
  '^/test_clocks/': { 'path.id': 'clocks' },
  '^/escalations/': { 'path.id': 'escalations' },
  '^/receipts/': { 'path.id': 'receipts' },
  '^/events/': { 'path.id': 'events' },
  '^/webhook_endpoints/': { 'path.id': 'endpoints' },
  '^/users/': { 'path.id': 'users' },
  '^/api_clients/': { 'path.id': 'apiClients' },
  '^/clients/': { 'path.id': 'clients' },
  '^/employees/': { 'path.id': 'employees' },
  '^/device_models/': { 'path.id': 'models' },
  '^/devices/': { 'path.id': 'devices' },
  '^/leases/[{]id[}]': { 'path.id': 'leases' },
  '^/statements/': { 'path.id': 'statements' },
}

/** and which fields, wherever they are. */
const EVERYWHERE: Record<string, Dictionary> = {
  'query.customer_id': 'customers',
  'query.plan_id': 'plans',
  'query.test_clock': 'clocks',
  'query.after': 'events',
  'body.start_date': 'dates',
  'body.timezone': 'zones',
  'body.currency': 'currencies',
  'body.test_clock': 'clocks',
  'body.payment_method': 'methods',
  'body.event_id': 'events',
  'query.client_id': 'clients',
  'query.employee_id': 'employees',
  'query.device_code': 'models',
  'query.model': 'models',
  'query.imei': 'imeis',
  'query.month': 'months',
  'body.employee_id': 'employees',
  'body.device_code': 'models',
  'body.model_code': 'models',
  'body.imei': 'imeis',
  'header.If-Match': 'tags',
}

/** Three times in four something real, so that most requests get past the door. */
function binding(parameter: string, dictionary: Dictionary): string {
  return `${JSON.stringify(parameter)} = { dictionary = ${JSON.stringify(dictionary)}, probability = 0.75 }`
}
