import type { MikroORM } from '@mikro-orm/postgresql'
import type { Client } from '@temporalio/client'
import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import { json, problemAnswers } from './answers.ts'
import { TAGS } from './docs.ts'
import { within } from './temporal.ts'

const CHECK_MS = 2_000
/** A worker that has not asked for work for this long is not there. */
const POLLED_WITHIN_MS = 2 * 60_000
const WORKFLOW_TASKS = 1

const Checks = z.object({ database: z.boolean(), temporal: z.boolean(), worker: z.boolean() })
const Health = z
  .object({ status: z.enum(['ok', 'not_ready']), checks: Checks.nullable() })
  .meta({ id: 'Health', description: 'Which of the parts that requests need can be reached.' })

type Parts = { orm: MikroORM; temporal: Client; taskQueue: string }

export function serveHealth(app: FastifyInstance, parts: Parts): void {
  const config = { rateLimit: false as const }
  const live = {
    tags: [TAGS.system],
    summary: 'Is the process alive?',
    response: { 200: json(Health, 'It is.'), ...problemAnswers([414]) },
  }
  app.get('/health/live', { schema: live, config }, async () => ({ status: 'ok' as const, checks: null }))
  const ready = {
    tags: [TAGS.system],
    summary: 'Can it do its work: database and Temporal reached, a worker polling?',
    response: { 200: json(Health, 'All there.'), 503: json(Health, 'Something is missing.'), ...problemAnswers([414]) },
  }
  app.get('/health/ready', { schema: ready, config }, async (_request, reply) => {
    const checks = await check(parts)
    const isReady = Object.values(checks).every(Boolean)
    return reply.code(isReady ? 200 : 503).send({ status: isReady ? 'ok' : 'not_ready', checks })
  })
}

async function check({ orm, temporal, taskQueue }: Parts): Promise<z.infer<typeof Checks>> {
  const database = inTime(orm.em.fork().execute('select 1'))
  const described = within(temporal, CHECK_MS, () =>
    temporal.workflowService.describeTaskQueue({
      namespace: temporal.options.namespace,
      taskQueue: { name: taskQueue },
      taskQueueType: WORKFLOW_TASKS,
    }),
  )
  const temporalThere = inTime(described)
  const worker = described.then(
    ({ pollers }) =>
      (pollers ?? []).some(({ lastAccessTime }) => Date.now() - seconds(lastAccessTime) * 1000 < POLLED_WITHIN_MS),
    () => false,
  )
  return { database: await database, temporal: await temporalThere, worker: await worker }
}

function seconds(time: { seconds?: unknown } | null | undefined): number {
  return Number(time?.seconds ?? 0)
}

async function inTime(work: Promise<unknown>): Promise<boolean> {
  const tooLate = new Promise<boolean>((resolve) => setTimeout(() => resolve(false), CHECK_MS).unref())
  const done = work.then(
    () => true,
    () => false,
  )
  return Promise.race([done, tooLate])
}
