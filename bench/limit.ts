import { setTimeout as sleep } from 'node:timers/promises'
import type { MikroORM } from '@mikro-orm/postgresql'
import { whereOf } from './cycles.ts'
import { each, makeCustomers, newPlan, paceFor, startPlan } from './plans.ts'
import type { Servers } from './servers.ts'
import { startWorker } from './worker-process.ts'

export type LimitFigures = {
  allowed: number
  /** Requests a second while there was something to charge, and in the busiest second. */
  reached: number
  busiest: number
  charges: number
  /** Of pairs of charges with different due moments, the share that came in the wrong order. */
  disorder: number
}

/** A day between the due moments of three groups of plans, on a gateway that allows fewer requests than they need. */
export async function limitedGateway(
  servers: Servers,
  orm: MikroORM,
  { plans, allowed }: { plans: number; allowed: number },
): Promise<LimitFigures> {
  await servers.restartStripe(allowed)
  const monthMs = 60_000
  const { taskQueue } = paceFor('tenor', monthMs, 20_000 + plans * 40 - monthMs / 2)
  const worker = await startWorker({ kind: 'tenor', taskQueue, requestsPerSecond: allowed * 0.98, ...whereOf(servers) })
  try {
    const customers = await makeCustomers(servers, orm, 2)
    const made = Array.from({ length: plans }, (_, k) =>
      newPlan({ customer: customers[k % 2] as (typeof customers)[0], months: 12, billingDay: 16 + (k % 3) }),
    )
    await each(made, 8, (one) => startPlan(servers.client, orm, taskQueue, one, true))
    while ((await worker.cycles()) === 0) await sleep(20)
    const before = await stats(servers.stripeUrl)
    const begun = Date.now()
    while ((await worker.cycles()) < plans) await sleep(50)
    const seconds = (Date.now() - begun) / 1000
    const after = await stats(servers.stripeUrl)
    const rows = await orm.em.fork().execute<{ day: string }[]>(
      `select i.due_date::text as day from transactions t
         join installments i on i.plan_id = t.plan_id and i.number = t.installment_number
        where t.plan_id = any (?::text[]) order by t.settled_at`,
      [`{${made.map(({ plan }) => plan.id).join(',')}}`],
    )
    return {
      allowed,
      reached: (after.total - before.total) / seconds,
      busiest: after.max_per_second,
      charges: plans,
      disorder: disorderOf(rows.map(({ day }) => day)),
    }
  } finally {
    await worker.stop()
    await servers.restartStripe()
  }
}

async function stats(url: string): Promise<{ total: number; max_per_second: number }> {
  return (await fetch(`${url}/_sandbox/stats`)).json() as Promise<{ total: number; max_per_second: number }>
}

function disorderOf(days: string[]): number {
  let [pairs, wrong] = [0, 0]
  for (const [k, day] of days.entries()) {
    for (const later of days.slice(k + 1)) {
      if (later === day) continue
      pairs += 1
      if (later < day) wrong += 1
    }
  }
  return pairs === 0 ? 0 : wrong / pairs
}
