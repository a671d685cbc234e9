import type { EntityManager } from '@mikro-orm/postgresql'
import { ApplicationFailure, WorkflowNotFoundError, WorkflowUpdateFailedError } from '@temporalio/client'
import { z } from 'zod'
import { instantOf } from '../../db/columns.ts'
import { insertOnce } from '../../db/insert-once.ts'
import { Escalations } from '../../db/plans/escalations.ts'
import { Notifications } from '../../db/plans/notifications.ts'
import { type TestClockRow, TestClocks } from '../../db/plans/test-clocks.ts'
import { parseInstant } from '../../domain/calendar.ts'
import { advance, CLOCK_WORKFLOW, type ClockStart, clockWorkflowId, end } from '../../workflows/clocks/messages.ts'
import type { RuleBrokenDetails } from '../../workflows/plans/messages.ts'
import type { ApiDeps } from '../deps.ts'
import { answers, json, writeAnswers } from '../http/answers.ts'
import type { App } from '../http/app-type.ts'
import { TAGS } from '../http/docs.ts'
import { instant, pathId, timestamp } from '../http/fields.ts'
import { idempotencyHeader } from '../http/headers.ts'
import { idFor } from '../http/idempotency.ts'
import { conflict, notFound, Problem } from '../http/problem.ts'
import { COMMAND_MS, SERVER_MS, within } from '../http/temporal.ts'
import { type Caller, callerOf } from '../identity/caller.ts'

const TestClock = z
  .object({ test_clock_id: z.string(), status: z.enum(['ready', 'advancing']), now: instant })
  .meta({ id: 'TestClock' })

/** Test clocks: plans that follow one live a year in seconds. Only where no real money moves. */
export function clockRoutes(app: App, deps: ApiDeps): void {
  app.addHook('preHandler', async (request) => {
    if (request.routeOptions.url?.startsWith('/test_clocks') && !deps.config.testClocks) {
      throw new Problem(403, 'test_clocks_off', 'There are no test clocks here.')
    }
  })
  makingAndReading(app, deps)
  advancing(app, deps)
  deleting(app, deps)
}

const tags = [TAGS.clocks]

function makingAndReading(app: App, deps: ApiDeps): void {
  const making = {
    tags,
    summary: 'Make a test clock that stands at a moment',
    headers: idempotencyHeader,
    body: z.strictObject({ frozen_time: timestamp }).meta({ id: 'TestClockBody' }),
    response: writeAnswers({ 201: json(TestClock, 'Made.') }, 409, 422),
  }
  app.post('/test_clocks', { schema: making }, async (request, reply) => {
    const { tenant } = callerOf(request)
    const id = idFor(request, 'clk_')
    const now = parseInstant(request.body.frozen_time)
    await startClock(deps, { id, tenant, now, plans: [], tick: 0, to: null })
    const real = instantOf(deps.now())
    const row = { id, tenantId: tenant, status: 'ready' as const, now, createdAt: real, updatedAt: real }
    await insertOnce(deps.orm.em.fork(), TestClocks, [row])
    return reply.code(201).header('location', `/test_clocks/${id}`).send({ test_clock_id: id, status: 'ready', now })
  })

  const reading = {
    tags,
    summary: 'Where a test clock stands; `ready` when all its plans have come to rest',
    params: pathId,
    response: answers({ 200: json(TestClock, 'The clock.') }, 404),
  }
  app.get('/test_clocks/:id', { schema: reading }, async (request) => {
    const em = deps.orm.em.fork()
    const clock = await find(em, callerOf(request), request.params.id)
    const isReady = clock.status === 'ready' && !(await isStillTelling(em, clock.id))
    return { test_clock_id: clock.id, status: isReady ? 'ready' : 'advancing', now: clock.now }
  })
}

function advancing(app: App, deps: ApiDeps): void {
  const schema = {
    tags,
    summary: 'Advance a test clock, through every due moment in order',
    params: pathId,
    headers: idempotencyHeader,
    body: z.strictObject({ to: timestamp }).meta({ id: 'AdvanceBody' }),
    response: writeAnswers({ 200: json(TestClock, 'It is on its way.') }, 404, 409, 422),
  }
  app.post('/test_clocks/:id/advance', { schema }, async (request) => {
    const clock = await find(deps.orm.em.fork(), callerOf(request), request.params.id)
    const state = await sendAdvance(deps, clock.id, parseInstant(request.body.to), idFor(request, 'cmd_'))
    return { test_clock_id: clock.id, status: state.status, now: state.now }
  })
}

function deleting(app: App, deps: ApiDeps): void {
  const schema = {
    tags,
    summary: 'End a test clock; its plans stand still from then on',
    params: pathId,
    response: { ...writeAnswers({}, 404), 204: { description: 'Gone.' } },
  }
  app.delete('/test_clocks/:id', { schema }, async (request, reply) => {
    const em = deps.orm.em.fork()
    const clock = await find(em, callerOf(request), request.params.id)
    const { temporal } = deps
    const handle = temporal.workflow.getHandle(clockWorkflowId(clock.id))
    await within(temporal, SERVER_MS, () => handle.signal(end)).catch((error: unknown) => {
      if (!(error instanceof WorkflowNotFoundError)) throw error
    })
    await em.nativeUpdate(TestClocks, { id: clock.id }, { deletedAt: instantOf(deps.now()) })
    return reply.code(204).send()
  })
}

async function startClock({ temporal, config }: ApiDeps, start: ClockStart): Promise<void> {
  await within(temporal, SERVER_MS, () =>
    temporal.workflow.start(CLOCK_WORKFLOW, {
      workflowId: clockWorkflowId(start.id),
      args: [start],
      taskQueue: config.taskQueue,
      workflowIdConflictPolicy: 'USE_EXISTING',
      staticSummary: `Test clock at ${start.now}`,
    }),
  )
}

async function sendAdvance({ temporal }: ApiDeps, clock: string, to: string, updateId: string) {
  try {
    const handle = temporal.workflow.getHandle(clockWorkflowId(clock))
    return await within(temporal, COMMAND_MS, () => handle.executeUpdate(advance, { args: [{ to }], updateId }))
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) throw conflict('test_clock_over', 'The test clock is over.')
    const failure = error instanceof WorkflowUpdateFailedError ? error.cause : undefined
    if (!(failure instanceof ApplicationFailure)) throw error
    const { code, detail } = (failure.details?.[0] ?? {}) as Partial<RuleBrokenDetails>
    throw conflict(code ?? 'test_clock_advancing', detail ?? failure.message)
  }
}

async function find(em: EntityManager, { tenant }: Caller, id: string): Promise<TestClockRow> {
  const clock = await em.findOne(TestClocks, { id, tenantId: tenant, deletedAt: null })
  if (!clock) throw notFound('test clock')
  return clock
}

/** Customers and brokers have yet to be told of what came to pass: a first try has not been made. */
async function isStillTelling(em: EntityManager, testClockId: string): Promise<boolean> {
  const notices = await em.count(Notifications, { testClockId, status: 'queued', attempts: 0 })
  if (notices > 0) return true
  const untold = { testClockId, caseAttempts: 0, caseNextAttemptAt: { $ne: null } }
  return (await em.findAll(Escalations, { where: untold })).some(({ version, caseVersion }) => caseVersion < version)
}
