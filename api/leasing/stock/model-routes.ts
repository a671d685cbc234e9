import { type EntityManager, LockMode } from '@mikro-orm/postgresql'
import type { FastifyReply } from 'fastify'
import type { z } from 'zod'
import { instantOf } from '../../../db/columns.ts'
import { insertOnce } from '../../../db/insert-once.ts'
import { deleteModel, findModel } from '../../../db/leasing/models.ts'
import { type DeviceModelRow, DeviceModels } from '../../../db/leasing/stock.ts'
import { stockOf } from '../../../db/leasing/units.ts'
import { type Keyset, pageOf as readPage } from '../../../db/pages.ts'
import { isChargeable, isCurrency } from '../../../domain/money.ts'
import type { ApiDeps } from '../../deps.ts'
import { answers, json, unchanged, writeAnswers } from '../../http/answers.ts'
import type { App } from '../../http/app-type.ts'
import { TAGS } from '../../http/docs.ts'
import { isHeld, refuseStale, setTag } from '../../http/etag.ts'
import { listQuery, pageOf, pathId } from '../../http/fields.ts'
import { idempotencyHeader, ifMatchHeader, ifNoneMatchHeader } from '../../http/headers.ts'
import { conflict, notFound, unprocessable } from '../../http/problem.ts'
import { callerOf } from '../../identity/caller.ts'
import { Model, ModelBody, ModelChange, showModel } from './shapes.ts'

const tags = [TAGS.stock]
const BY_CREATION: Keyset = [
  { property: 'createdAt', column: 'created_at', is: 'instant' },
  { property: 'code', column: 'code', is: 'text' },
]

/** What can be leased, by its code. */
export function deviceModelRoutes(app: App, deps: ApiDeps): void {
  making(app, deps)
  reading(app, deps)
  changing(app, deps)
  deleting(app, deps)
}

function making(app: App, deps: ApiDeps): void {
  const schema = {
    tags,
    summary: 'Make a device model',
    headers: idempotencyHeader,
    body: ModelBody,
    response: writeAnswers({ 201: json(Model, 'Made.') }, 409, 422),
  }
  app.post('/device_models', { schema }, async (request, reply) => {
    const { tenant } = callerOf(request)
    const em = deps.orm.em.fork()
    const { waiver_monthly_amount: waiverMonthly = null, description = '', images = [], ...given } = request.body
    refuseMoney({ ...given, waiverMonthly })
    const now = instantOf(deps.now())
    const row = { tenantId: tenant, ...given, description, images, waiverMonthly, createdAt: now, updatedAt: now }
    const made = await insertOnce(em, DeviceModels, [row], ['tenantId', 'code'])
    // Somebody who held this key died before answering, after the work was done.
    if (made === 0 && !request.idempotency?.takenOver) {
      throw conflict('device_model_exists', 'There is a device model by this code already, or there was.')
    }
    reply.code(201).header('location', `/device_models/${encodeURIComponent(row.code)}`)
    return answer(reply, em, await find(em, tenant, row.code))
  })
}

function reading(app: App, deps: ApiDeps): void {
  const list = {
    tags,
    summary: 'Device models, newest first',
    querystring: listQuery,
    response: answers({ 200: json(pageOf(Model, 'DeviceModel'), 'One page.') }),
  }
  app.get('/device_models', { schema: list }, async (request) => {
    const { tenant } = callerOf(request)
    const em = deps.orm.em.fork()
    const where = { tenantId: tenant, deletedAt: null }
    const page = await readPage(em, DeviceModels, where, BY_CREATION, { order: 'desc', ...request.query })
    const codes = page.data.map(({ code }) => code)
    const stock = await stockOf(em, tenant, codes)
    return { data: page.data.map((row) => showModel(row, stock.of(row.code))), next_cursor: page.nextCursor }
  })

  const one = {
    tags,
    summary: 'One device model',
    params: pathId,
    headers: ifNoneMatchHeader,
    response: answers({ 200: json(Model, 'The model.'), ...unchanged }, 404),
  }
  app.get('/device_models/:id', { schema: one }, async (request, reply) => {
    const em = deps.orm.em.fork()
    const shown = await withStock(em, await find(em, callerOf(request).tenant, request.params.id))
    return isHeld(request, reply, shown) ? reply.code(304).send() : reply.send(shown)
  })
}

function changing(app: App, deps: ApiDeps): void {
  const schema = {
    tags,
    summary: 'Change a device model',
    params: pathId,
    headers: ifMatchHeader,
    body: ModelChange,
    response: writeAnswers({ 200: json(Model, 'As it is now.') }, 404, 412, 422),
  }
  app.patch('/device_models/:id', { schema }, async (request, reply) => {
    const { tenant } = callerOf(request)
    const { waiver_monthly_amount: waiver, ...given } = request.body
    return deps.orm.em.fork().transactional(async (em) => {
      const row = await find(em, tenant, request.params.id, LockMode.PESSIMISTIC_WRITE)
      refuseStale(request, await withStock(em, row))
      const change = { ...given, ...(waiver === undefined ? {} : { waiverMonthly: waiver }) }
      refuseMoney({ ...row, ...change })
      const written = { ...change, updatedAt: instantOf(deps.now()) }
      await em.nativeUpdate(DeviceModels, { tenantId: tenant, code: row.code }, written)
      return answer(reply, em, { ...row, ...written })
    })
  })
}

function deleting(app: App, deps: ApiDeps): void {
  const schema = {
    tags,
    summary: 'Offer a device model no more; leases and units of it stay as they are',
    params: pathId,
    headers: ifMatchHeader,
    response: { ...writeAnswers({}, 404, 412), 204: { description: 'Gone.' } },
  }
  app.delete('/device_models/:id', { schema }, async (request, reply) => {
    const { tenant } = callerOf(request)
    await deps.orm.em.fork().transactional(async (em) => {
      const row = await find(em, tenant, request.params.id, LockMode.PESSIMISTIC_WRITE)
      refuseStale(request, await withStock(em, row))
      await deleteModel(em, tenant, row.code, instantOf(deps.now()))
    })
    return reply.code(204).send()
  })
}

async function find(em: EntityManager, tenant: string, code: string, lockMode?: LockMode): Promise<DeviceModelRow> {
  const row = await findModel(em, tenant, code, lockMode)
  if (!row) throw notFound('device model')
  return row
}

async function withStock(em: EntityManager, row: DeviceModelRow): Promise<z.output<typeof Model>> {
  return showModel(row, (await stockOf(em, row.tenantId, [row.code])).of(row.code))
}

/** A model as it now stands, with its tag. */
async function answer(reply: FastifyReply, em: EntityManager, row: DeviceModelRow): Promise<FastifyReply> {
  const shown = await withStock(em, row)
  setTag(reply, shown)
  return reply.send(shown)
}

function refuseMoney(row: { currency: string; price: number; waiverMonthly?: number | null | undefined }): void {
  const { currency, price, waiverMonthly } = row
  if (!isCurrency(currency)) throw unprocessable('currency_unknown', 'It must be a code of ISO 4217.', '/currency')
  const amounts = { price, waiver_monthly_amount: waiverMonthly ?? 0 }
  for (const [name, amount] of Object.entries(amounts)) {
    if (isChargeable(amount, currency)) continue
    throw unprocessable('amount_invalid', `No such amount can be charged in ${currency}.`, `/${name}`)
  }
}
