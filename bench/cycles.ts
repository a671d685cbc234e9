import { setTimeout as sleep } from 'node:timers/promises'
import type { MikroORM } from '@mikro-orm/postgresql'
import type { Client } from '@temporalio/client'
import { cpuSeconds, loadNow } from './cpu.ts'
import { installOthers } from './others/install.ts'
import type { OtherStart } from './others/worker.ts'
import { each, makeCustomers, newPlan, paceFor, record, startPlan } from './plans.ts'
import type { Servers } from './servers.ts'
import type { WorkerStart } from './worker.ts'
import { startOther, startWorker, type WorkerProcess } from './worker-process.ts'
import type { LoopStart } from './workflows/loops.ts'

export type Cpu = Record<'worker' | 'temporal' | 'postgres' | 'sandbox', number>
/** What one kind of cycle took, over the cycles of a window in which every plan is in the middle of its term. */
export type CycleFigures = {
  kind: Kind
  cycles: number
  seconds: number
  cpu: Cpu
  walBytes: number
  databaseBytes: number
  /** Of whole lives, start, end and continue-as-new included, for each instalment. */
  events: number
  historyBytes: number
  load: string
}
export type Kind = WorkerStart['kind'] | OtherStart['kind']
export type CycleSize = { plans: number; months: number; monthMs: number; reminderDays?: number }

const LOOKED_AT = 5

/** Runs plans of one kind on real timers and measures from when each has had its first cycle until before the last. */
export async function measureCycles(
  servers: Servers,
  orm: MikroORM,
  kind: Kind,
  size: CycleSize,
): Promise<CycleFigures> {
  const { plans, months } = size
  const leadMs = 4_000 + plans * 40
  const { taskQueue } = paceFor(kind, size.monthMs, leadMs)
  const { worker, begin } = await runner(servers, kind, taskQueue)
  try {
    const ids = await start(servers, orm, kind, taskQueue, size, leadMs, begin)
    await until(worker, plans)
    const before = await snapshot(servers, worker)
    await until(worker, plans * (months - 1))
    const after = await snapshot(servers, worker)
    const lives = isOther(kind) ? [] : await livesOf(servers.client, ids.slice(0, LOOKED_AT))
    await until(worker, plans * months)
    const mean = (of: (life: Life) => number) => lives.reduce((sum, life) => sum + of(life), 0) / lives.length / months
    const events = mean((life) => life.events)
    return { kind, ...difference(before, after), events, historyBytes: mean((life) => life.bytes), load: loadNow() }
  } finally {
    await worker.stop()
  }
}

function isOther(kind: Kind): kind is OtherStart['kind'] {
  return kind === 'dbos' || kind === 'pg-boss'
}

type Runner = { worker: WorkerProcess; begin(start: LoopStart): unknown }

async function runner(servers: Servers, kind: Kind, taskQueue: string): Promise<Runner> {
  if (isOther(kind)) {
    const folder = await installOthers(console.log)
    const name = `bench_${kind.replace('-', '_')}_${Date.now()}`
    await servers.sql.query(`create database ${name}`)
    const ownUrl = servers.ownUrl(name)
    const other = await startOther({ kind, folder, ...whereOf(servers), ownUrl })
    return { worker: other, begin: other.begin }
  }
  const type = kind === 'bare' ? 'bareLoop' : 'textbookPlan'
  const begin = (start: LoopStart) =>
    servers.client.workflow.start(type, { workflowId: `${kind}-${start.plan}`, taskQueue, args: [start] })
  return { worker: await startWorker({ kind, taskQueue, ...whereOf(servers) }), begin }
}

export function whereOf({ address, databaseUrls, stripeUrl }: Servers) {
  return { address, databaseUrl: databaseUrls.worker, stripeUrl }
}

/** Spread over the month, since nothing about a single instalment wants a herd. */
async function start(
  servers: Servers,
  orm: MikroORM,
  kind: Kind,
  taskQueue: string,
  { plans, months, monthMs, reminderDays = 0 }: CycleSize,
  leadMs: number,
  begin: Runner['begin'],
): Promise<string[]> {
  const customers = await makeCustomers(servers, orm, 10)
  const ids: string[] = []
  const begun = Date.now()
  await each(Array.from({ length: plans }), 8, async (_, k) => {
    const customer = customers[k % customers.length] as (typeof customers)[0]
    const made = newPlan({ customer, months, billingDay: 1 + (k % 28), reminderDays })
    if (kind === 'tenor') {
      ids[k] = await startPlan(servers.client, orm, taskQueue, made)
      return
    }
    if (kind !== 'bare') await record(orm, made)
    const firstMs = Math.max(1, begun + leadMs - Date.now()) + (monthMs * (k % 28)) / 28
    await begin({ plan: made.plan.id, cycles: months, firstMs: Math.round(firstMs), everyMs: monthMs })
    ids[k] = `${kind}-${made.plan.id}`
  })
  return ids
}

async function until(worker: WorkerProcess, cycles: number): Promise<void> {
  while ((await worker.cycles()) < cycles) await sleep(100)
}

type Snapshot = { at: number; cycles: number; cpu: Cpu; wal: number; size: number }

async function snapshot(servers: Servers, worker: WorkerProcess): Promise<Snapshot> {
  const { rows } = await servers.sql.query<{ wal: string; size: string }>(
    `select pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0') as wal, sum(pg_database_size(oid)) as size from pg_database`,
  )
  return {
    at: Date.now(),
    cycles: await worker.cycles(),
    cpu: { worker: cpuSeconds(worker.pid), ...servers.cpu() },
    wal: Number(rows[0]?.wal),
    size: Number(rows[0]?.size),
  }
}

function difference(before: Snapshot, after: Snapshot) {
  const cpu = (name: keyof Cpu) => after.cpu[name] - before.cpu[name]
  return {
    cycles: after.cycles - before.cycles,
    seconds: (after.at - before.at) / 1000,
    cpu: { worker: cpu('worker'), temporal: cpu('temporal'), postgres: cpu('postgres'), sandbox: cpu('sandbox') },
    walBytes: (after.wal - before.wal) / (after.cycles - before.cycles),
    databaseBytes: (after.size - before.size) / (after.cycles - before.cycles),
  }
}

type Life = { events: number; bytes: number }

async function livesOf(client: Client, ids: string[]): Promise<Life[]> {
  await Promise.all(ids.map((id) => client.workflow.getHandle(id).result()))
  return Promise.all(ids.map((id) => lifeOf(client, id)))
}

/** All runs of a workflow, the last one first: each begins with the id of the one before. */
async function lifeOf(client: Client, workflowId: string): Promise<Life> {
  const life = { events: 0, bytes: 0 }
  let runId: string | undefined
  do {
    const handle = client.workflow.getHandle(workflowId, runId)
    const { historyLength, raw } = await handle.describe()
    life.events += historyLength
    life.bytes += Number(raw.workflowExecutionInfo?.historySizeBytes ?? 0)
    const { events } = await handle.fetchHistory()
    runId = events?.[0]?.workflowExecutionStartedEventAttributes?.continuedExecutionRunId || undefined
  } while (runId)
  return life
}
