import { fileURLToPath } from 'node:url'
import { DefaultLogger, makeTelemetryFilterString, NativeConnection, Runtime, Worker } from '@temporalio/worker'
import { createPlanActivities } from '../activities/plans/index.ts'
import { openDatabase } from '../db/orm.ts'
import { instantOf } from '../domain/calendar.ts'
import { guarded } from '../gateways/circuit.ts'
import { limited } from '../gateways/limiter.ts'
import { stripeGateway } from '../gateways/stripe/gateway.ts'
import { encrypting } from '../secrets/data-converter.ts'
import { createPlanWorker } from '../workers/plan-worker.ts'
import { bundled } from '../workers/workflow-bundle.ts'
import { createBenchActivities } from './activities.ts'
import { BENCH_KEYS } from './keys.ts'
import { paceOf, planTime } from './workflows/pace.ts'

/**
 * A worker as a process of its own, so that its CPU time is nobody else's. `tenor` is the shipped one at a pace;
 * `bare` and `textbook` run with the SDK's defaults. Tells its parent when it is ready, and how many cycles it has done
 * whenever it is asked.
 */
export type WorkerStart = {
  kind: 'bare' | 'textbook' | 'tenor'
  address: string
  taskQueue: string
  databaseUrl: string
  stripeUrl: string
  requestsPerSecond?: number
  maxCachedWorkflows?: number
}

const asked = JSON.parse(process.argv[2] ?? '{}') as WorkerStart
let cycles = 0
const onCycle = () => {
  cycles += 1
}
Runtime.install({
  logger: new DefaultLogger('ERROR'),
  telemetryOptions: { logging: { filter: makeTelemetryFilterString({ core: 'ERROR', other: 'ERROR' }) } },
})
const orm = await openDatabase(asked.databaseUrl, {
  role: 'worker',
  name: `bench-${asked.kind}`,
  poolSize: 10,
  keys: BENCH_KEYS,
})
const plain = stripeGateway({ secretKey: 'sk_test_bench', apiUrl: asked.stripeUrl, returnUrl: 'http://localhost' })
const paced = asked.requestsPerSecond ? limited(plain, { requestsPerSecond: asked.requestsPerSecond }) : plain
const gateway = asked.kind === 'tenor' ? guarded(paced) : paced
const pace = paceOf(asked.taskQueue)
const deps = { orm, gateway, now: () => instantOf(planTime(pace, Date.now())), onCharge: onCycle }
const path = (file: string) => fileURLToPath(new URL(file, import.meta.url))
const connection = await NativeConnection.connect({ address: asked.address })
const common = { connection, namespace: 'default', taskQueue: asked.taskQueue }
const worker = await (asked.kind === 'tenor' ? tenor() : loops())

async function tenor(): Promise<Worker> {
  const workflows = path('./workflows/tenor.ts')
  const shipped = await createPlanWorker({
    ...{ orm, gateway, keys: BENCH_KEYS, address: asked.address, namespace: 'default', taskQueue: asked.taskQueue },
    options: {
      workflowBundle: { code: await bundled(workflows, [workflows]) },
      activities: createPlanActivities(deps),
      ...(asked.maxCachedWorkflows && { maxCachedWorkflows: asked.maxCachedWorkflows }),
    },
  })
  return shipped.worker
}

function loops(): Promise<Worker> {
  const activities = createBenchActivities(deps, onCycle)
  return Worker.create({
    ...common,
    dataConverter: encrypting(BENCH_KEYS),
    workflowsPath: path('./workflows/loops.ts'),
    activities,
  })
}

process.on('message', (question) => {
  if (question === 'cycles') process.send?.({ cycles })
  if (question === 'stop') worker.shutdown()
})
// Nobody is left to measure it.
process.once('disconnect', () => process.exit(1))
const running = worker.run()
process.send?.('ready')
await running
process.exit(0)
