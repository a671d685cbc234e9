import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { TEST_KEYS_TEXT } from '../test/support/keys.ts'
import {
  type FreshDatabase,
  freshDatabase,
  freshFolder,
  freshTaskQueue,
  temporalAddress,
} from '../test/support/servers.ts'
import { CONFIG_NAMES } from './config.ts'
import { isHealthy } from './stack/children.ts'
import { composeStack } from './stack/composition.ts'
import { devIssuer } from './stack/dev-issuer.ts'
import { freePorts, type Ports } from './stack/ports.ts'

let database: FreshDatabase
let ports: Ports
let env: NodeJS.ProcessEnv
const children: ChildProcess[] = []
beforeAll(async () => {
  database = await freshDatabase()
  ports = await freePorts()
  const home = freshFolder('unhandled')
  const { keyFile } = await devIssuer(home)
  const clean = Object.entries(process.env).filter(([name]) => !CONFIG_NAMES.includes(name))
  env = {
    ...composeStack(Object.fromEntries(clean), ports, home, keyFile).env,
    DATABASE_URL: database.urls.api,
    DATABASE_WORKER_URL: database.urls.worker,
    TEMPORAL_ADDRESS: temporalAddress(),
    TEMPORAL_TASK_QUEUE: freshTaskQueue(),
    TENOR_KEYS: TEST_KEYS_TEXT,
    TENOR_KEYS_FILE: undefined,
    NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(CLUMSY)}`,
  }
}, 60_000)
afterAll(async () => {
  for (const child of children) child.kill('SIGKILL')
  await database?.drop()
})

/** Loaded into the process: at a message it does what a bug would. */
const CLUMSY = `process.once('message', (how) => {
  const error = new Error('nobody looked after this')
  if (how === 'rejects') Promise.reject(error)
  else setImmediate(() => { throw error })
})`

const ROOT = fileURLToPath(new URL('..', import.meta.url))

/** Starts one of Tenor's programs, has it go wrong once it is at work, and waits for its end. */
async function wentWrong(script: string, health: string, how: 'throws' | 'rejects') {
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', script], {
    cwd: ROOT,
    env,
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  })
  children.push(child)
  let said = ''
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (data) => (said += String(data)))
  const ended = once(child, 'exit')
  while (!(await isHealthy(health).catch(() => false))) {
    if (child.exitCode !== null) throw new Error(`${script} has not started: ${said}`)
    await new Promise((done) => setTimeout(done, 100))
  }
  child.send(how)
  const [code] = await ended
  const lines = said.split('\n').filter((line) => line.startsWith('{'))
  const fatal = lines.map((line) => JSON.parse(line)).filter(({ level }) => level === 60)
  return { code, fatal }
}

/** Whatever supervises it starts it again; why it ended must be found in its log. */
describe('an error that nobody handles ends the process, and is logged with its cause', () => {
  it.each(['throws', 'rejects'] as const)(
    'the API that %s',
    async (how) => {
      const { code, fatal } = await wentWrong('workers/api.ts', `http://127.0.0.1:${ports.api}/health/live`, how)
      expect(code).toBe(1)
      expect(fatal).toMatchObject([
        {
          msg: 'The API ends: nobody has handled this error',
          err: { message: 'nobody looked after this', stack: expect.stringContaining('at ') },
        },
      ])
    },
    180_000,
  )

  it.each(['throws', 'rejects'] as const)(
    'the worker that %s',
    async (how) => {
      const { code, fatal } = await wentWrong(
        'workers/worker.ts',
        `http://127.0.0.1:${ports.workerMetrics}/health`,
        how,
      )
      expect(code).toBe(1)
      expect(fatal).toMatchObject([
        {
          msg: 'The worker ends: nobody has handled this error',
          err: { message: 'nobody looked after this', stack: expect.stringContaining('at ') },
        },
      ])
    },
    180_000,
  )
})
