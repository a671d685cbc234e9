import { instantOf } from '../../../db/columns.ts'
import { changeCompany, DomainsTaken, pageOfCompanies } from '../../../db/leasing/companies.ts'
import { LeasesRunning, removeCompany, StatementsUnpaid } from '../../../db/leasing/leaving.ts'
import { payableAtGateway } from '../../customers/at-gateway.ts'
import type { ApiDeps } from '../../deps.ts'
import { answers, json, unchanged, writeAnswers } from '../../http/answers.ts'
import type { App } from '../../http/app-type.ts'
import { TAGS } from '../../http/docs.ts'
import { isHeld, refuseStale, setTag } from '../../http/etag.ts'
import { pageOf, pathId } from '../../http/fields.ts'
import { idempotencyHeader, ifMatchHeader, ifNoneMatchHeader } from '../../http/headers.ts'
import { idFor } from '../../http/idempotency.ts'
import { conflict, Problem } from '../../http/problem.ts'
import { type Caller, callerOf, onlyClient } from '../../identity/caller.ts'
import { refuseUnknownPlace } from '../../plans/agreements.ts'
import { payAnew } from '../statements/pay-anew.ts'
import { endStatements, ensureStatements } from '../statements/start.ts'
import { Client, ClientBody, ClientChange, clientQuery, showClient } from './client-shapes.ts'
import { companyFor, refuseFields } from './find.ts'
import { makeCompany } from './make-company.ts'

const tags = [TAGS.leasing]

/** Companies whose employees lease. */
export function clientRoutes(app: App, deps: ApiDeps): void {
  making(app, deps)
  reading(app, deps)
  changing(app, deps)
  removing(app, deps)
}

function making(app: App, deps: ApiDeps): void {
  const schema = {
    tags,
    summary: 'Make a company whose employees lease devices',
    headers: idempotencyHeader,
    body: ClientBody,
    response: writeAnswers({ 201: json(Client, 'Made.') }, 409, 422),
  }
  app.post('/clients', { schema }, async (request, reply) => {
    const company = await makeCompany(deps, request, request.body).catch(named)
    await ensureStatements(deps, company)
    const client = showClient(company)
    setTag(reply, client)
    return reply.code(201).header('location', `/clients/${company.id}`).send(client)
  })
}

function reading(app: App, deps: ApiDeps): void {
  const list = { tags, summary: 'Companies, newest first', querystring: clientQuery }
  const page = answers({ 200: json(pageOf(Client, 'Client'), 'One page.') })
  app.get('/clients', { schema: { ...list, response: page } }, async (request) => {
    const caller = callerOf(request)
    const { status, ...options } = request.query
    const filter = { id: onlyClient(caller) ?? undefined, status }
    const found = await pageOfCompanies(deps.orm.em.fork(), caller.tenant, filter, options)
    return { data: found.data.map(showClient), next_cursor: found.nextCursor }
  })

  const one = { tags, summary: 'One company', params: pathId, headers: ifNoneMatchHeader }
  const found = answers({ 200: json(Client, 'The company.'), ...unchanged }, 404)
  app.get('/clients/:id', { schema: { ...one, response: found } }, async (request, reply) => {
    const client = showClient(await companyFor(deps.orm.em.fork(), callerOf(request), request.params.id))
    return isHeld(request, reply, client) ? reply.code(304).send() : reply.send(client)
  })
}

/** What a company's own admin leaves as it is. */
const OF_THE_BACK_OFFICE = ['domains', 'timezone', 'statement', 'status'] as const

function changing(app: App, deps: ApiDeps): void {
  const schema = {
    tags,
    summary: 'Change a company, or suspend it',
    params: pathId,
    headers: ifMatchHeader,
    body: ClientChange,
    response: writeAnswers({ 200: json(Client, 'As it is now.') }, 404, 409, 412, 422),
  }
  app.patch('/clients/:id', { schema }, async (request, reply) => {
    const caller = callerOf(request)
    const { body } = request
    const work = deps.orm.em.fork().transactional(async (em) => {
      const company = await companyFor(em, caller, request.params.id, { lock: true })
      if (onlyClient(caller) !== null) refuseFields(OF_THE_BACK_OFFICE.filter((field) => body[field] !== undefined))
      refuseStale(request, showClient(company))
      const { timezone = company.statement.timezone } = body
      refuseUnknownPlace({ timezone, currency: company.currency })
      const { name, email, phone, locale } = { ...company, ...body }
      const statement = { ...company.statement, ...body.statement, timezone }
      const { status = company.status, domains, office_address: officeAddress, payment_method } = body
      const method = await payableAtGateway(deps, { ...company, name, email, phone }, payment_method)
      const change = { name, email, phone, locale, statement, status, ...method, updatedAt: instantOf(deps.now()) }
      const given = {
        ...(domains && { domains: unique(domains) }),
        ...(officeAddress !== undefined && { officeAddress }),
      }
      await changeCompany(em, company, { ...change, ...given })
    })
    await work.catch(named)
    const company = await companyFor(deps.orm.em.fork(), caller, request.params.id)
    if (body.statement || body.timezone !== undefined) await ensureStatements(deps, company)
    const { defaultPaymentMethod: paymentMethod } = company
    if (body.payment_method !== undefined && paymentMethod) {
      await payAnew(deps, company, { paymentMethod, request: idFor(request, 'cmd_'), by: caller.sub })
    }
    const client = showClient(company)
    setTag(reply, client)
    return reply.send(client)
  })
}

function removing(app: App, deps: ApiDeps): void {
  const schema = {
    tags,
    summary: 'Remove a company and its employees; what they leased stays on record',
    params: pathId,
    headers: ifMatchHeader,
    response: { ...writeAnswers({}, 404, 409, 412), 204: { description: 'Gone.' } },
  }
  app.delete('/clients/:id', { schema }, async (request, reply) => {
    const caller: Caller = callerOf(request)
    const work = deps.orm.em.fork().transactional(async (em) => {
      const company = await companyFor(em, caller, request.params.id, { lock: true })
      refuseStale(request, showClient(company))
      await removeCompany(em, company, instantOf(deps.now()))
      return company
    })
    await endStatements(deps, await work.catch(named))
    return reply.code(204).send()
  })
}

export const unique = (domains: string[]): string[] => [...new Set(domains)]

/** What the database refuses, in words. */
function named(error: unknown): never {
  if (error instanceof StatementsUnpaid) {
    throw conflict('statements_unpaid', 'A statement of the company is not paid yet.')
  }
  if (error instanceof LeasesRunning) {
    throw conflict('leases_running', 'Leases of the company still run, or are still deducted from pay: end them first.')
  }
  if (!(error instanceof DomainsTaken)) throw error
  const errors = error.domains.map((domain) => ({ pointer: '/domains', message: `${domain} is another company's` }))
  throw new Problem(409, 'domain_taken', 'A domain can be one company’s only.', { errors })
}
