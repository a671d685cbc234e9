import type { MikroORM } from '@mikro-orm/postgresql'
import { type Answered, percentile, startApi } from './api-process.ts'
import { whereOf } from './cycles.ts'
import { each, makeCustomers, paceFor } from './plans.ts'
import type { Servers } from './servers.ts'
import { startWorker } from './worker-process.ts'

export type Rate = { count: number; perSecond: number; p50: number; p99: number; refused: number }
export type StartFigures = { starts: Rate; messages: Rate }

const AT_ONCE = 16

/** `POST /payment_terms`, then as many changes of the total: each answered when it is durable. */
export async function startsAndMessages(servers: Servers, orm: MikroORM, count: number): Promise<StartFigures> {
  const { taskQueue } = paceFor('tenor', 30 * 86_400_000, 0)
  const worker = await startWorker({ kind: 'tenor', taskQueue: taskQueue.split('@')[0] as string, ...whereOf(servers) })
  const api = await startApi(servers, taskQueue.split('@')[0] as string)
  try {
    const customers = await makeCustomers(servers, orm, 10)
    const start_date = new Date(Date.now() + 10 * 86_400_000).toISOString().slice(0, 10)
    const plans: string[] = []
    const create = async (k: number) => {
      const customer_id = customers[k % customers.length]?.id
      const body = { customer_id, total_amount: 120_000, start_date, term_duration: 12, billing_day: 15 }
      const answered = await api.ask('POST', '/payment_terms', body, `start-${taskQueue}-${k}`)
      plans[k] = answered.body.payment_terms_id ?? ''
      return answered
    }
    await rate(20, (k) => create(count + k))
    const starts = await rate(count, create)
    const change = (k: number) => api.ask('PATCH', `/payment_terms/${plans[k]}`, { total_amount: 132_000 })
    return { starts, messages: await rate(count, change) }
  } finally {
    await api.stop()
    await worker.stop()
  }
}

export async function rate(count: number, ask: (k: number) => Promise<Answered>): Promise<Rate> {
  const times: number[] = []
  let refused = 0
  const begun = performance.now()
  await each(Array.from({ length: count }), AT_ONCE, async (_, k) => {
    const { status, ms } = await ask(k)
    times.push(ms)
    if (status >= 300) refused += 1
  })
  const perSecond = count / ((performance.now() - begun) / 1000)
  return { count, perSecond, p50: percentile(times, 0.5), p99: percentile(times, 0.99), refused }
}
