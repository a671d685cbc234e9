import { setTimeout as sleep } from 'node:timers/promises'
import type { MikroORM } from '@mikro-orm/postgresql'
import { dueMoment } from '../domain/plans/figures.ts'
import { whereOf } from './cycles.ts'
import { each, makeCustomers, newPlan, paceFor, startPlan } from './plans.ts'
import type { Servers } from './servers.ts'
import { startWorker, type WorkerProcess } from './worker-process.ts'
import { realTime } from './workflows/pace.ts'

export type HerdSize = { plans: number; paid: number; monthMs: number }
/** Instalments a second from the due moment to the last charge. `events` is the history that plans had before it, the mean. */
export type Herd = { paid: number; temper: 'warm' | 'cold'; perSecond: number; events: number; late: boolean }

/** Plans that earlier runs have carried on have paid one to as many instalments in the present run: as `short-runs` has it. */
const IN_A_RUN = 6

/**
 * Plans that all fall due at the same moment, month after month: warm, then with a worker that has just been started,
 * at `paid` paid instalments, then warm again. What was paid before the present run is carried, as it is in a plan that
 * has lived that long.
 */
export async function billingDays(servers: Servers, orm: MikroORM, size: HerdSize): Promise<Herd[]> {
  const carried = Math.max(0, size.paid - IN_A_RUN)
  // Some are at the end of a run when others have just begun one, as plans are that have lived for years.
  const paidBefore = (k: number) => (carried === 0 ? 0 : carried + (k % IN_A_RUN))
  const leadMs = 20_000 + size.plans * 40
  const { pace, taskQueue } = paceFor('tenor', size.monthMs, leadMs)
  const asked = { kind: 'tenor', taskQueue, ...whereOf(servers) } as const
  const customers = await makeCustomers(servers, orm, 10)
  const plans = Array.from({ length: size.plans }, (_, k) => {
    const customer = customers[k % customers.length] as (typeof customers)[0]
    return newPlan({ customer, months: size.paid + 3, billingDay: 15, paid: paidBefore(k), startAfter: -carried })
  })
  let worker = await startWorker(asked)
  const herds: Herd[] = []
  try {
    const ids: string[] = []
    await each(plans, 8, async (made, k) => {
      ids[k] = await startPlan(servers.client, orm, taskQueue, made, true)
    })
    for (let number = carried + 1; number <= size.paid + 2; number++) {
      const isCold = number === size.paid + 1
      if (isCold) {
        await worker.stop()
        worker = await startWorker(asked)
      }
      const { plan } = plans[0] as (typeof plans)[0]
      const installment = plan.installments[number - 1]
      if (!installment) throw new Error(`The plans have no instalment ${number}`)
      const due = realTime(pace, Date.parse(dueMoment(installment, plan.terms)))
      const events = await meanEvents(servers, ids.slice(0, IN_A_RUN))
      const { perSecond, late } = await herd(worker, plans.filter((_, k) => paidBefore(k) < number).length, due)
      herds.push({ paid: number - 1, temper: isCold ? 'cold' : 'warm', perSecond, events, late })
    }
    return herds
  } finally {
    await worker.stop()
    await each(plans, 8, ({ plan }) =>
      servers.client.workflow
        .getHandle(`payment-terms-${plan.id}`)
        .terminate()
        .catch(() => undefined),
    )
  }
}

async function meanEvents(servers: Servers, ids: string[]): Promise<number> {
  const described = await Promise.all(ids.map((id) => servers.client.workflow.getHandle(id).describe()))
  return described.reduce((sum, { historyLength }) => sum + historyLength, 0) / ids.length
}

/** `late`: it was the due moment before everything was ready, so the figure is too high by what had been done. */
async function herd(worker: WorkerProcess, plans: number, due: number): Promise<{ perSecond: number; late: boolean }> {
  const before = await worker.cycles()
  const late = Date.now() > due
  await sleep(Math.max(0, due - Date.now()))
  const begun = Date.now()
  while ((await worker.cycles()) < before + plans) await sleep(50)
  return { perSecond: plans / ((Date.now() - begun) / 1000), late }
}
