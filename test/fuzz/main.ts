import { spawn } from 'node:child_process'
import { parseArgs } from 'node:util'
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

const USAGE = `npm run fuzz [-- --examples <n>] [--only <regular expression>] [--seed <n>] [-- <schemathesis options>]
  --examples  requests that are made up for each operation, beside what covers each keyword of its schema (1000)
  --only      operations whose id matches
  --seed      as printed by a run before, to make up the same again`

const MANY = '100000000'
/** What is made up is waited for no longer than the API's answers are, and the other way round. */
const WORKERS = '4'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    examples: { type: 'string', default: '1000' },
    only: { type: 'string' },
    seed: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
})
const say = (line: string) => console.error(line)
const examples = Number(values.examples)
if (values.help || !(examples > 0)) {
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

/** The exit code of schemathesis: 0 when nothing was found. */
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
    return await run(
      [
        ...command,
        ...['--config-file', settings, 'run', `${tenor.at.api}/openapi.json`, '--url', tenor.at.api],
        ...['--checks', 'all', '--continue-on-failure', '--generation-database', 'none', '--request-timeout', '30'],
        ...['--workers', WORKERS],
        ...(values.seed ? ['--seed', values.seed] : []),
        ...(values.only ? ['--include-operation-id-regex', values.only] : []),
        ...positionals,
      ],
      folder,
      receiver.url,
    )
  } finally {
    await receiver.close()
    await stopServers()
  }
}

function run([program, ...args]: [string, ...string[]], folder: string, receiver: string): Promise<number> {
  const hooks = { PYTHONPATH: import.meta.dirname, SCHEMATHESIS_HOOKS: 'hooks', FUZZ_RECEIVER: receiver }
  const tidy = { PYTHONDONTWRITEBYTECODE: '1', SCHEMATHESIS_REPORT: 'false' }
  const child = spawn(program, args, {
    stdio: 'inherit',
    cwd: folder,
    env: { ...process.env, ...hooks, ...tidy },
  })
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('exit', (code) => resolve(code ?? 1))
  })
}
