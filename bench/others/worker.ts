import { createRequire } from 'node:module'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { openDatabase } from '../../db/orm.ts'
import { instantOf } from '../../domain/calendar.ts'
import { stripeGateway } from '../../gateways/stripe/gateway.ts'
import { createBenchActivities } from '../activities.ts'
import type { LoopStart } from '../workflows/loops.ts'

/**
 * The same instalments by DBOS Transact or pg-boss, as their guides show it, in a process of its own: it starts the
 * plans it is told of and says how many cycles it has done. Charge and receipt are the textbook's.
 */
export type OtherStart = {
  kind: 'dbos' | 'pg-boss'
  /** Where the packages are installed. */
  folder: string
  databaseUrl: string
  /** Its own database, on the same server. */
  ownUrl: string
  stripeUrl: string
}

type Dbos = {
  setConfig(config: { name: string; systemDatabaseUrl: string; logLevel: string }): void
  launch(): Promise<void>
  registerWorkflow(
    work: (start: LoopStart) => Promise<void>,
    config: { name: string },
  ): (start: LoopStart) => Promise<void>
  startWorkflow(work: (start: LoopStart) => Promise<void>): (start: LoopStart) => Promise<unknown>
  runStep<T>(step: () => Promise<T>, config: { name: string }): Promise<T>
  sleep(ms: number): Promise<void>
}
type Job = LoopStart & { installment: number }
type Boss = {
  on(event: 'error', listener: (error: Error) => void): void
  start(): Promise<unknown>
  createQueue(name: string): Promise<void>
  sendAfter(name: string, data: Job, options: null, at: Date): Promise<unknown>
  work(name: string, options: object, handler: (jobs: { data: Job }[]) => Promise<void>): Promise<unknown>
}

const asked = JSON.parse(process.argv[2] ?? '{}') as OtherStart
let cycles = 0
const orm = await openDatabase(asked.databaseUrl, { role: 'worker', name: asked.kind, poolSize: 10 })
const gateway = stripeGateway({ secretKey: 'sk_test_bench', apiUrl: asked.stripeUrl, returnUrl: 'http://localhost' })
const deps = { orm, gateway, now: () => instantOf(Date.now()) }
const { chargeTextbook, receiptTextbook } = createBenchActivities(deps, () => {
  cycles += 1
})
const start = await (asked.kind === 'dbos' ? dbos() : pgBoss())

process.on('message', (message: 'cycles' | 'stop' | { start: LoopStart }) => {
  if (message === 'cycles') process.send?.({ cycles })
  else if (message === 'stop') process.exit(0)
  else void start(message.start)
})
// Nobody is left to measure it.
process.once('disconnect', () => process.exit(1))
process.send?.('ready')

async function load<T>(name: string): Promise<T> {
  const path = createRequire(join(asked.folder, 'package.json')).resolve(name)
  return (await import(pathToFileURL(path).href)) as T
}

async function dbos(): Promise<(start: LoopStart) => Promise<unknown>> {
  const { DBOS } = await load<{ DBOS: Dbos }>('@dbos-inc/dbos-sdk')
  DBOS.setConfig({ name: 'bench', systemDatabaseUrl: asked.ownUrl, logLevel: 'error' })
  const plan = DBOS.registerWorkflow(
    async ({ plan, cycles, firstMs, everyMs }) => {
      for (let k = 1; k <= cycles; k++) {
        await DBOS.sleep(k === 1 ? firstMs : everyMs)
        const paid = await DBOS.runStep(() => chargeTextbook({ plan, installment: k }), { name: 'charge' })
        await DBOS.runStep(() => receiptTextbook(paid), { name: 'receipt' })
      }
    },
    { name: 'plan' },
  )
  await DBOS.launch()
  return (given) => DBOS.startWorkflow(plan)(given)
}

async function pgBoss(): Promise<(start: LoopStart) => Promise<unknown>> {
  const { PgBoss } = await load<{ PgBoss: new (url: string) => Boss }>('pg-boss')
  const boss = new PgBoss(asked.ownUrl)
  boss.on('error', (error) => console.error(error.message))
  await boss.start()
  await boss.createQueue('charge')
  const send = (job: Job, inMs: number) => boss.sendAfter('charge', job, null, new Date(Date.now() + inMs))
  await boss.work('charge', { pollingIntervalSeconds: 0.5, batchSize: 20 }, async (jobs) => {
    await Promise.all(
      jobs.map(async ({ data }) => {
        const { plan, installment } = data
        await receiptTextbook(await chargeTextbook({ plan, installment }))
        if (installment < data.cycles) await send({ ...data, installment: installment + 1 }, data.everyMs)
      }),
    )
  })
  return (given) => send({ ...given, installment: 1 }, given.firstMs)
}
