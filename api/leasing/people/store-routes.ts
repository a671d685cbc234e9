import type { EntityManager } from '@mikro-orm/postgresql'
import { instantOf } from '../../../db/columns.ts'
import { type Company, changeCompany } from '../../../db/leasing/companies.ts'
import { DeviceModels } from '../../../db/leasing/stock.ts'
import { refuse } from '../../../domain/errors.ts'
import { type StoreSettings, storeProblems } from '../../../domain/leasing/store.ts'
import type { ApiDeps } from '../../deps.ts'
import { answers, json, unchanged, writeAnswers } from '../../http/answers.ts'
import type { App } from '../../http/app-type.ts'
import { TAGS } from '../../http/docs.ts'
import { isHeld, refuseStale, setTag } from '../../http/etag.ts'
import { pathId } from '../../http/fields.ts'
import { ifMatchHeader, ifNoneMatchHeader } from '../../http/headers.ts'
import { Problem } from '../../http/problem.ts'
import { type Caller, callerOf, onlyClient } from '../../identity/caller.ts'
import { ensureStatements } from '../statements/start.ts'
import { companyFor, refuseFields } from './find.ts'
import { Store, StoreBody, storeOf, writtenOf } from './store-shapes.ts'

/** What the store of a company offers, and on which terms. */
export function storeRoutes(app: App, deps: ApiDeps): void {
  const tags = [TAGS.leasing]
  const reading = {
    tags,
    summary: 'What the store of a company offers, and on which terms',
    params: pathId,
    headers: ifNoneMatchHeader,
    response: answers({ 200: json(Store, 'The settings.'), ...unchanged }, 404),
  }
  app.get('/clients/:id/store', { schema: reading }, async (request, reply) => {
    const store = showStore(await companyFor(deps.orm.em.fork(), callerOf(request), request.params.id))
    return isHeld(request, reply, store) ? reply.code(304).send() : reply.send(store)
  })

  const writing = {
    tags,
    summary: 'Set what the store of a company offers; leases that there are keep their terms',
    params: pathId,
    headers: ifMatchHeader,
    body: StoreBody,
    response: writeAnswers({ 200: json(Store, 'As it is now.') }, 404, 412, 422),
  }
  app.put('/clients/:id/store', { schema: writing }, async (request, reply) => {
    const caller = callerOf(request)
    const changed = await deps.orm.em.fork().transactional(async (em) => {
      const company = await companyFor(em, caller, request.params.id, { lock: true })
      refuseStale(request, showStore(company))
      const store = storeOf(request.body, company.store)
      refuseTerms(caller, company.store, store)
      await refuseStore(em, company, store)
      await changeCompany(em, company, { store, updatedAt: instantOf(deps.now()) })
      return { ...company, store }
    })
    await ensureStatements(deps, changed)
    const store = showStore(changed)
    setTag(reply, store)
    return reply.send(store)
  })
}

/** What whoever owns the devices earns by. */
const OF_THE_LESSOR = [
  'subsidy',
  'residual_percent',
  'extension_percent',
  'dispatch_days',
  'cancellation_terms',
] as const

function refuseTerms(caller: Caller, before: StoreSettings, after: StoreSettings): void {
  if (onlyClient(caller) === null) return
  const [was, is] = [writtenOf(before), writtenOf(after)]
  refuseFields(OF_THE_LESSOR.filter((field) => JSON.stringify(was[field]) !== JSON.stringify(is[field])))
}

/** Throws for settings that break a rule, or name models that are not there. `at` is where they stand in the body. */
export async function refuseStore(
  em: EntityManager,
  { tenantId, currency }: Pick<Company, 'tenantId' | 'currency'>,
  store: StoreSettings,
  at = '',
): Promise<void> {
  refuse(storeProblems(store, currency).map(({ pointer, message }) => ({ pointer: `${at}${pointer}`, message })))
  const models = store.models ?? []
  const there = await em.find(DeviceModels, { tenantId, code: { $in: models }, deletedAt: null }, { fields: ['code'] })
  const known = new Set(there.map(({ code }) => code))
  const errors = models.flatMap((code, k) =>
    known.has(code) ? [] : [{ pointer: `${at}/models/${k}`, message: 'is no device model' }],
  )
  if (errors.length > 0) throw new Problem(422, 'unknown_model', 'There are no such device models.', { errors })
}

function showStore({ id, store }: Company) {
  return { client_id: id, ...writtenOf(store) }
}
