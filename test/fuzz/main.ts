import { spawn } from 'node:child_process'
import { parseArgs } from 'node:util'
import document from '../../api/openapi.json' with { type: 'json' }
import { devIssuer } from '../../workers/stack/dev-issuer.ts'
import { ownTenor } from '../support/e2e-client.ts'
import {
  freshDatabase,
  freshFolder,
  startServers,
  stopBeforeServers,
  stopServers,
  temporalAddress,
} from '../support/servers.ts'
import { databaseEnv } from '../support/stack.ts'
import { startReceiver } from '../support/webhook-receiver.ts'
import { PythonMissing, schemathesisCommand } from './python.ts'
import { setScene } from './scene.ts'
import { writeSettings } from './settings.ts'

const USAGE = `npm run fuzz [-- --examples <n>] [--links <seconds>] [--no-coverage] [--only <regular expression>] [--seed <n>] [-- <schemathesis options>]
  --examples     requests that are made up for each operation, beside those that cover each keyword of its schema (1000)
  --links        for how long links are followed then (600)
  --no-coverage  leaves out those that cover each keyword
  --only         operations whose id matches
  --seed         as printed by a run before, to make up the same again`

const MANY = '100000000'
/**
 * One request at a time: with several `--workers`, what one is answered changes what another is about to make up, which
 * schemathesis takes for a flaw of its own; it goes on with the next operation and says nothing.
 */
const madeUpWith = (coverage: boolean) => ['--phases', `examples,${coverage ? 'coverage,' : ''}fuzzing`]
/**
 * What deletes is tried by itself: beside others it takes the ids that they have answered, of which there are soon none
 * left, and then it is given up.
 */
const BESIDE = ['--exclude-method', 'DELETE']
const BY_ITSELF = ['GET', 'POST', 'PUT', 'PATCH'].flatMap((method) => ['--exclude-method', method])
/** Within a time, and not with so many examples: here answers always have a say, and only within a time it begins anew. */
const LINKS = ['--phases', 'stateful']

const { values, positionals } = parseArgs({
  allowPositionals: true,
  allowNegative: true,
  options: {
    examples: { type: 'string', default: '1000' },
    links: { type: 'string', default: '600' },
    coverage: { type: 'boolean', default: true },
    only: { type: 'string' },
    seed: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
})
const say = (line: string) => console.error(line)
const examples = Number(values.examples)
const links = Number(values.links)
if (values.help || !(examples >= 0 && links >= 0)) {
  console.log(USAGE)
  process.exit(values.help ? 0 : 2)
}
try {
  process.exitCode = await fuzz()
} catch (error) {
  if (!(error instanceof PythonMissing)) throw error
  say(error.message)
  process.exitCode = 2
}

/** The greater exit code of schemathesis: 0 when nothing was found. */
async function fuzz(): Promise<number> {
  const command = schemathesisCommand(say)
  await startServers()
  const receiver = await startReceiver()
  try {
    const { urls } = await freshDatabase()
    const { tenor, stack } = await ownTenor({
      ...databaseEnv(urls),
      TEMPORAL_ADDRESS: temporalAddress(),
      TEMPORAL_TASK_QUEUE: 'fuzz',
      LOG_LEVEL: 'warn',
      // What is looked for here is not whether somebody asks too much.
      RATE_READS: MANY,
      RATE_WRITES: MANY,
      RATE_SIGN_INS: MANY,
      RATE_WEBHOOKS: MANY,
    })
    stopBeforeServers(() => stack.stop())
    say('Setting the scene…')
    const names = await setScene(tenor, receiver.url)
    const other = await (await devIssuer(stack.home)).sign({ sub: 'neighbour', tenant: 'other', role: 'admin' })
    const folder = freshFolder('fuzz')
    const settings = writeSettings(folder, {
      names,
      tokens: { integrator: tenor.at.token, neighbour: other },
      examples,
    })
    const places = { api: tenor.at.api, folder, receiver: receiver.url }
    const madeUp = madeUpWith(values.coverage)
    const deleting = wanted().map((method) => method === 'delete')
    const parts = [
      ...(examples > 0 && deleting.includes(false) ? [[...madeUp, ...BESIDE]] : []),
      ...(examples > 0 && deleting.includes(true) ? [[...madeUp, ...BY_ITSELF]] : []),
      ...(links > 0 ? [[...LINKS, '--max-time', values.links]] : []),
    ]
    const codes: number[] = []
    for (const part of parts) codes.push(await run(command, settings, part, places))
    return Math.max(0, ...codes)
  } finally {
    await receiver.close()
    await stopServers()
  }
}

/** The methods of the operations that are asked for: schemathesis takes it for a mistake when a part has none. */
function wanted(): string[] {
  const isWanted = new RegExp(values.only ?? '')
  return Object.values(document.paths).flatMap((path) =>
    Object.entries(path).flatMap(([method, { operationId = '' }]) => (isWanted.test(operationId) ? [method] : [])),
  )
}

type Places = { api: string; folder: string; receiver: string }

function run(command: string[], settings: string, part: string[], places: Places): Promise<number> {
  const { api, folder, receiver } = places
  const [program = '', ...args] = [
    ...command,
    ...['--config-file', settings, 'run', `${api}/openapi.json`, '--url', api],
    ...['--checks', 'all', '--continue-on-failure', '--generation-database', 'none', '--request-timeout', '30'],
    ...(values.seed ? ['--seed', values.seed] : []),
    ...(values.only ? ['--include-operation-id-regex', values.only] : []),
    ...part,
    ...positionals,
  ]
  const hooks = { PYTHONPATH: import.meta.dirname, SCHEMATHESIS_HOOKS: 'hooks' }
  const told = { FUZZ_RECEIVER: receiver, FUZZ_EXAMPLES: String(examples) }
  const tidy = { PYTHONDONTWRITEBYTECODE: '1', SCHEMATHESIS_REPORT: 'false' }
  const child = spawn(program, args, {
    stdio: 'inherit',
    cwd: folder,
    env: { ...process.env, ...hooks, ...told, ...tidy },
  })
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('exit', (code) => resolve(code ?? 1))
  })
}
