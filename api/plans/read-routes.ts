import type { FastifyRequest } from 'fastify'
import { z } from 'zod'
import { NOTHING } from '../../db/pages.ts'
import { listPlans, listReceipts, listTransactions } from '../../db/plans/read.ts'
import { listLedger } from '../../db/plans/read-ledger.ts'
import { timelineMaterial } from '../../db/plans/read-timeline.ts'
import { planOf } from '../../db/plans/rows.ts'
import { cancellationQuote } from '../../domain/plans/cancel.ts'
import type { PlanKind } from '../../domain/plans/plan.ts'
import type { ApiDeps } from '../deps.ts'
import { answers, json, unchanged } from '../http/answers.ts'
import type { App } from '../http/app-type.ts'
import { isHeld } from '../http/etag.ts'
import { customerId, listQuery, pathId } from '../http/fields.ts'
import { ifNoneMatchHeader } from '../http/headers.ts'
import { callerOf, onlyCustomer } from '../identity/caller.ts'
import type { PlanApi } from './kind.ts'
import { showCancellation, showEntry, shown, showTransaction } from './present.ts'
import { atOneMoment, nowFor, planFor, wholePlanFor, withRows } from './queries.ts'
import { showReceipt } from './receipts.ts'
import {
  Cancellation,
  JournalEntryList,
  PlanStatus,
  ReceiptList,
  Timeline,
  Transaction,
  TransactionList,
} from './shapes.ts'
import { timelineOf } from './timeline.ts'

const listPlansQuery = z.strictObject({
  ...listQuery.shape,
  customer_id: customerId.optional(),
  status: PlanStatus.optional(),
  test_clock: z.string().min(1).max(64).optional(),
})
const transactionsQuery = z.strictObject({
  ...listQuery.shape,
  type: Transaction.shape.type.optional(),
  status: Transaction.shape.status.optional(),
})

/** What there is to read about plans: from PostgreSQL alone, whatever else is down. */
export function planReads(app: App, kind: PlanApi, deps: ApiDeps): void {
  readPlans(app, kind, deps)
  readCancellationQuote(app, kind, deps)
  readHistory(app, kind, deps)
}

function readPlans(app: App, api: PlanApi, deps: ApiDeps): void {
  const { kind, path, tag, one, shapes } = api
  const show = shown(api, deps)
  const list = api.list ?? plainList(kind)

  app.get(
    path,
    {
      schema: {
        tags: [tag],
        summary: 'List, newest first',
        querystring: api.listQuery ? listPlansQuery.extend(api.listQuery) : listPlansQuery,
        response: answers({ 200: json(shapes.list, 'One page.') }),
      },
    },
    async (request) => {
      const caller = callerOf(request)
      const { limit, cursor, ...query } = request.query as z.output<typeof listPlansQuery>
      return atOneMoment(deps.orm.em.fork(), async (em) => {
        const page = await list(em, caller, query, { limit, cursor })
        const rows = await withRows(em, page.data)
        return { data: rows.map(show), next_cursor: page.nextCursor }
      })
    },
  )

  app.get(
    `${path}/:id`,
    {
      schema: {
        tags: [tag],
        summary: `One ${one}, as it stands`,
        params: pathId,
        headers: ifNoneMatchHeader,
        response: answers({ 200: json(shapes.plan, 'As it stands.'), ...unchanged }, 404),
      },
    },
    async (request, reply) => {
      const { id } = request.params
      const rows = await wholePlanFor(deps.orm.em.fork(), callerOf(request), kind, id)
      const plan = show(rows)
      return isHeld(request, reply, plan) ? reply.code(304).send() : reply.send(plan)
    },
  )
}

function plainList(kind: PlanKind): NonNullable<PlanApi['list']> {
  return async (em, caller, query, page) => {
    const { customer_id, status, test_clock } = query as Omit<z.output<typeof listPlansQuery>, 'limit' | 'cursor'>
    const only = onlyCustomer(caller)
    if (only !== null && customer_id !== undefined && customer_id !== only) return NOTHING
    const filter = { kind, customerId: only ?? customer_id, status, testClockId: test_clock }
    return listPlans(em, caller.tenant, filter, page)
  }
}

function readCancellationQuote(app: App, { kind, path, tag }: PlanApi, deps: ApiDeps): void {
  app.get(
    `${path}/:id/cancellation_quote`,
    {
      schema: {
        tags: [tag],
        summary: 'What cancelling now would refund or charge, and how it is computed',
        params: pathId,
        response: answers({ 200: json(Cancellation, 'What it would come to.') }, 404, 409),
      },
    },
    async (request) => {
      const { id } = request.params
      const em = deps.orm.em.fork()
      const rows = await wholePlanFor(em, callerOf(request), kind, id)
      const now = await nowFor(em, rows.plan, deps.now())
      return showCancellation(cancellationQuote(planOf(rows.plan, rows.installments), now).cancellation)
    },
  )
}

function readHistory(app: App, { kind, path, tag }: PlanApi, deps: ApiDeps): void {
  const at = (name: string) => `${path}/:id/${name}`
  const schema = <Query extends z.ZodType>(summary: string, shape: z.ZodType, querystring: Query) => ({
    tags: [tag],
    summary,
    params: pathId,
    querystring,
    response: answers({ 200: json(shape, 'Oldest first.') }, 404),
  })
  const asked = async (request: FastifyRequest) => {
    const em = deps.orm.em.fork()
    return { em, plan: await planFor(em, callerOf(request), kind, (request.params as { id: string }).id) }
  }

  const transactions = schema('Money moved', TransactionList, transactionsQuery)
  app.get(at('transactions'), { schema: transactions }, async (request) => {
    const { em, plan } = await asked(request)
    const { limit, cursor, type, status } = request.query
    const page = await listTransactions(em, plan.tenantId, { planId: plan.id, type, status }, { limit, cursor })
    return { data: page.data.map(showTransaction), next_cursor: page.nextCursor }
  })

  const ledger = schema('Journal entries; the postings of each sum to 0', JournalEntryList, listQuery)
  app.get(at('ledger'), { schema: ledger }, async (request) => {
    const { em, plan } = await asked(request)
    const page = await listLedger(em, plan.tenantId, { planId: plan.id }, request.query)
    return { data: page.data.map(showEntry), next_cursor: page.nextCursor }
  })

  const receipts = schema('Receipts, each with a PDF', ReceiptList, listQuery)
  app.get(at('receipts'), { schema: receipts }, async (request) => {
    const { em, plan } = await asked(request)
    const page = await listReceipts(em, plan.tenantId, { planId: plan.id }, request.query)
    return { data: page.data.map(showReceipt), next_cursor: page.nextCursor }
  })

  const timeline = schema('What happened and what will, for people', Timeline, z.strictObject({}))
  app.get(at('timeline'), { schema: timeline }, async (request) => {
    const { em, plan } = await asked(request)
    return { data: timelineOf(plan, await timelineMaterial(em, plan.tenantId, plan.id)) }
  })
}
