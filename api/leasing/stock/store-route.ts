import type { EntityManager } from '@mikro-orm/postgresql'
import { z } from 'zod'
import { Clients } from '../../../db/leasing/clients.ts'
import { Employees } from '../../../db/leasing/employees.ts'
import type { ApiDeps } from '../../deps.ts'
import { answers, json } from '../../http/answers.ts'
import type { App } from '../../http/app-type.ts'
import { TAGS } from '../../http/docs.ts'
import { clientId, flag, listQuery, pageOf } from '../../http/fields.ts'
import { notFound } from '../../http/problem.ts'
import { type Caller, callerOf, onlyClient, onlyCustomer } from '../../identity/caller.ts'
import { cachedCatalogue, type Offer } from './catalogue.ts'
import { offersFor, type Shelf, SORTS } from './offers.ts'
import { Model } from './shapes.ts'

const storeQuery = z.strictObject({
  ...listQuery.shape,
  client_id: clientId
    .optional()
    .meta({ description: 'Whose store; everything there is without it. Others than back office have their own.' }),
  q: z.string().max(200).optional().meta({ description: 'Words in name, description or manufacturer.' }),
  manufacturer: z.string().min(1).max(200).optional(),
  max_price: z.coerce
    .string()
    .regex(/^\d{1,15}$/, 'must be a whole number of 15 digits at most')
    .transform(Number)
    .optional()
    .meta({ override: { type: 'integer', minimum: 0, maximum: 999_999_999_999_999 }, description: 'Minor units.' }),
  available: flag.meta({ description: '`true` for what can be had now alone.' }),
  sort: z.enum(SORTS).default('name'),
})

const StoreDevice = Model.omit({ stock: true, created_at: true, updated_at: true })
  .extend({ available: z.int().min(0).meta({ description: 'Units that can be had now; at most a second old.' }) })
  .meta({ id: 'StoreDevice' })

/** What the caller's company offers its employees. */
export function storeRoute(app: App, deps: ApiDeps): void {
  const catalogue = cachedCatalogue()
  const schema = {
    tags: [TAGS.stock],
    summary: "Search in what a company's store offers",
    querystring: storeQuery,
    response: answers({ 200: json(pageOf(StoreDevice, 'StoreDevice'), 'One page.') }, 404),
  }
  app.get('/store/devices', { schema }, async (request) => {
    const caller = callerOf(request)
    const em = deps.orm.em.fork()
    const { client_id, ...wanted } = request.query
    const store = await storeShown(em, caller, client_id)
    const page = offersFor(await catalogue(em, caller.tenant), store, wanted)
    return { data: page.data.map(showOffer), next_cursor: page.nextCursor }
  })
}

/** The store that the caller is shown, `null` for all that there is. Throws a 404 for another's store. */
async function storeShown(em: EntityManager, caller: Caller, named: string | undefined): Promise<Shelf | null> {
  const own = await ownClient(em, caller)
  if (own !== null && named !== undefined && named !== own) throw notFound('client')
  const id = own ?? named
  if (id === undefined) return null
  const client = await em.findOne(
    Clients,
    { tenantId: caller.tenant, id, deletedAt: null },
    { fields: ['store', 'currency'] },
  )
  if (!client) throw notFound('client')
  return { models: client.store.models, currency: client.currency }
}

/** The company of an employee or a company's admin; `null` for those who may look into every store. */
async function ownClient(em: EntityManager, caller: Caller): Promise<string | null> {
  const employee = onlyCustomer(caller)
  if (employee === null) return onlyClient(caller)
  const found = await em.findOne(Employees, { tenantId: caller.tenant, id: employee, deletedAt: null })
  if (!found) throw notFound('employee')
  return found.clientId
}

function showOffer({ model, available }: Offer): z.output<typeof StoreDevice> {
  return {
    code: model.code,
    name: model.name,
    description: model.description,
    manufacturer: model.manufacturer,
    price: model.price,
    currency: model.currency,
    waiver_monthly_amount: model.waiverMonthly ?? null,
    images: model.images,
    available,
  }
}
