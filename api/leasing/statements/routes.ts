import { listLeaseChanges } from '../../../db/leasing/read-lease-changes.ts'
import { listLines, listStatements } from '../../../db/leasing/read-statements.ts'
import { NOTHING } from '../../../db/pages.ts'
import { listTransactions } from '../../../db/plans/read.ts'
import { listLedger } from '../../../db/plans/read-ledger.ts'
import type { ApiDeps } from '../../deps.ts'
import { answers, json, unchanged } from '../../http/answers.ts'
import type { App } from '../../http/app-type.ts'
import { TAGS } from '../../http/docs.ts'
import { isHeld } from '../../http/etag.ts'
import { listQuery, pathId } from '../../http/fields.ts'
import { ifNoneMatchHeader } from '../../http/headers.ts'
import { callerOf } from '../../identity/caller.ts'
import { showEntry, showTransaction } from '../../plans/present.ts'
import { JournalEntryList, TransactionList } from '../../plans/shapes.ts'
import { statementFiles } from './files.ts'
import { clientFor, shownWithPayment, statementFor } from './find.ts'
import { payrollRoute } from './payroll.ts'
import { showLease, showLine } from './present.ts'
import { Statement, StatementLeaseList, StatementLineList, StatementList } from './shapes.ts'

const tags = [TAGS.statements]

/** What clients owe for what they have taken from pay: made by workflows, only read here. */
export function statementRoutes(app: App, deps: ApiDeps): void {
  statementReads(app, deps)
  statementFiles(app, deps)
  payrollRoute(app, deps)
}

function statementReads(app: App, deps: ApiDeps): void {
  const list = { tags, summary: "A client's statements, newest first", params: pathId, querystring: listQuery }
  const page = answers({ 200: json(StatementList, 'One page.') }, 404)
  app.get('/clients/:id/statements', { schema: { ...list, response: page } }, async (request) => {
    const em = deps.orm.em.fork()
    const client = await clientFor(em, callerOf(request), request.params.id)
    const found = await listStatements(em, client.tenantId, client.id, request.query)
    return { data: await shownWithPayment(em, found.data), next_cursor: found.nextCursor }
  })

  const one = { tags, summary: 'One statement, and how its charge stands', params: pathId, headers: ifNoneMatchHeader }
  const found = answers({ 200: json(Statement, 'As it stands.'), ...unchanged }, 404)
  app.get('/statements/:id', { schema: { ...one, response: found } }, async (request, reply) => {
    const em = deps.orm.em.fork()
    const row = await statementFor(em, callerOf(request), request.params.id)
    const [statement] = await shownWithPayment(em, [row])
    return isHeld(request, reply, statement) ? reply.code(304).send() : reply.send(statement)
  })

  const lines = { tags, summary: 'Its lines, by employee and lease', params: pathId, querystring: listQuery }
  const linesPage = answers({ 200: json(StatementLineList, 'One page.') }, 404)
  app.get('/statements/:id/lines', { schema: { ...lines, response: linesPage } }, async (request) => {
    const em = deps.orm.em.fork()
    const statement = await statementFor(em, callerOf(request), request.params.id)
    const found = await listLines(em, statement, request.query)
    return { data: found.data.map(showLine), next_cursor: found.nextCursor }
  })

  const summary = 'The leases that are new, then those that changed, then those that ended in its period'
  const leasesPage = answers({ 200: json(StatementLeaseList, 'One page.') }, 404)
  const leases = { tags, summary, params: pathId, querystring: listQuery, response: leasesPage }
  app.get('/statements/:id/leases', { schema: leases }, async (request) => {
    const em = deps.orm.em.fork()
    const statement = await statementFor(em, callerOf(request), request.params.id)
    const found = await listLeaseChanges(em, statement, request.query)
    return { data: found.data.map(showLease), next_cursor: found.nextCursor }
  })

  const tried = { tags, summary: 'What was tried to have it paid', params: pathId, querystring: listQuery }
  const transactions = answers({ 200: json(TransactionList, 'One page; none when nothing is owed by it.') }, 404)
  app.get('/statements/:id/transactions', { schema: { ...tried, response: transactions } }, async (request) => {
    const em = deps.orm.em.fork()
    const { tenantId, planId } = await statementFor(em, callerOf(request), request.params.id)
    const found = planId ? await listTransactions(em, tenantId, { planId }, request.query) : NOTHING
    return { data: found.data.map(showTransaction), next_cursor: found.nextCursor }
  })

  const ledger = { tags, summary: 'What is booked of its charge', params: pathId, querystring: listQuery }
  const entries = answers({ 200: json(JournalEntryList, 'One page; none when nothing is owed by it.') }, 404)
  app.get('/statements/:id/ledger', { schema: { ...ledger, response: entries } }, async (request) => {
    const em = deps.orm.em.fork()
    const { tenantId, planId } = await statementFor(em, callerOf(request), request.params.id)
    const found = planId ? await listLedger(em, tenantId, { planId }, request.query) : NOTHING
    return { data: found.data.map(showEntry), next_cursor: found.nextCursor }
  })
}
