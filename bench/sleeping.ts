import type { MikroORM } from '@mikro-orm/postgresql'
import { residentBytes } from './cpu.ts'
import { whereOf } from './cycles.ts'
import { each, makeCustomers, newPlan, paceFor, startPlan } from './plans.ts'
import type { Servers } from './servers.ts'
import { startWorker } from './worker-process.ts'

export type SleepingFigures = { plans: number; cached: number; before: number; after: number }

/** A worker's memory, in bytes, before and after it has put plans to sleep, with a cache of so many. */
export async function sleeping(
  servers: Servers,
  orm: MikroORM,
  { plans, cached }: { plans: number; cached: number },
): Promise<SleepingFigures> {
  const { taskQueue } = paceFor('tenor', 30 * 86_400_000, 0)
  const worker = await startWorker({ kind: 'tenor', taskQueue, maxCachedWorkflows: cached, ...whereOf(servers) })
  try {
    const before = residentBytes(worker.pid)
    const [customer] = await makeCustomers(servers, orm, 1)
    if (!customer) throw new Error('no customer')
    const ids: string[] = []
    await each(Array.from({ length: plans }), 16, async (_, k) => {
      ids[k] = await startPlan(servers.client, orm, taskQueue, newPlan({ customer, months: 12, billingDay: 15 }), true)
    })
    // The last to be started is asleep once it has told what it waits for.
    await servers.client.workflow.getHandle(ids.at(-1) as string).query('plan')
    return { plans, cached, before, after: residentBytes(worker.pid) }
  } finally {
    await worker.stop()
  }
}
