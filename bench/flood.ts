import { setTimeout as sleep } from 'node:timers/promises'
import type { MikroORM } from '@mikro-orm/postgresql'
import { percentile, startApi } from './api-process.ts'
import { loadNow } from './cpu.ts'
import { whereOf } from './cycles.ts'
import { each, makeCustomers, newPlan, paceFor, startPlan } from './plans.ts'
import type { Servers } from './servers.ts'
import { type Rate, rate } from './starts.ts'
import { startWorker } from './worker-process.ts'

type Lateness = { charges: number; p50: number; p95: number }
/** Milliseconds from the due moment to the charge's end, while nobody asks and while the API is flooded. */
export type FloodFigures = { quiet: Lateness; flooded: Lateness; flood: Rate; loads: [before: string, after: string] }

/**
 * Plans that are charged all the time, spread over a month of some seconds, and then ten thousand requests on top: of a
 * caller whom no limit stops, so that all of them arrive.
 */
export async function flood(
  servers: Servers,
  orm: MikroORM,
  { plans, monthMs, requests }: { plans: number; monthMs: number; requests: number },
): Promise<FloodFigures> {
  const { pace, taskQueue } = paceFor('tenor', monthMs, 4_000 + plans * 40)
  const worker = await startWorker({ kind: 'tenor', taskQueue, ...whereOf(servers) })
  const api = await startApi(servers, taskQueue)
  try {
    const customers = await makeCustomers(servers, orm, 10)
    const made = Array.from({ length: plans }, (_, k) => {
      const customer = customers[k % customers.length] as (typeof customers)[0]
      return newPlan({ customer, months: 120, billingDay: 1 + (k % 28) })
    })
    await each(made, 8, (one) => startPlan(servers.client, orm, taskQueue, one, true))
    while ((await worker.cycles()) < plans) await sleep(50)
    const lateness = async (from: number, to: number): Promise<Lateness> => {
      const rows = await orm.em.fork().execute<{ late: number }[]>(
        `select extract(epoch from t.settled_at - i.due_at) * 1000 as late from transactions t
           join installments i on i.plan_id = t.plan_id and i.number = t.installment_number
          where t.plan_id = any (?::text[]) and t.attempt = 1 and i.status = 'paid'
            and t.settled_at between to_timestamp(?) and to_timestamp(?)`,
        [`{${made.map(({ plan }) => plan.id).join(',')}}`, planSeconds(from), planSeconds(to)],
      )
      const late = rows.map((row) => Number(row.late) / pace.speed)
      return { charges: late.length, p50: percentile(late, 0.5), p95: percentile(late, 0.95) }
    }
    const planSeconds = (ms: number) => (pace.planStart + (ms - pace.realStart) * pace.speed) / 1000
    const quietFrom = Date.now()
    await sleep(2 * monthMs)
    const floodFrom = Date.now()
    const before = loadNow()
    const answered = await rate(requests, (k) => api.ask('GET', `/payment_terms/${made[k % plans]?.plan.id}`))
    const floodTo = Date.now()
    const loads: FloodFigures['loads'] = [before, loadNow()]
    await sleep(1_000)
    const [quiet, flooded] = [await lateness(quietFrom, floodFrom), await lateness(floodFrom, floodTo)]
    return { quiet, flooded, flood: answered, loads }
  } finally {
    await api.stop()
    await worker.stop()
  }
}
