import { createHash } from 'node:crypto'
import { type EntityManager, LockMode } from '@mikro-orm/postgresql'
import type { FastifyReply } from 'fastify'
import { instantOf } from '../../../db/columns.ts'
import { modelsFor } from '../../../db/leasing/models.ts'
import { type DeviceRow, Devices } from '../../../db/leasing/stock.ts'
import { addUnits, checkIn, setAside } from '../../../db/leasing/units.ts'
import { BY_CREATION, given, pageOf as readPage } from '../../../db/pages.ts'
import { imeiOf } from '../../../domain/leasing/imei.ts'
import type { ApiDeps } from '../../deps.ts'
import { answers, json, unchanged, writeAnswers } from '../../http/answers.ts'
import type { App } from '../../http/app-type.ts'
import { TAGS } from '../../http/docs.ts'
import { isHeld, refuseStale, setTag } from '../../http/etag.ts'
import { pageOf, pathId } from '../../http/fields.ts'
import { actionHeaders, idempotencyHeader, ifMatchHeader, ifNoneMatchHeader } from '../../http/headers.ts'
import { conflict, notFound, type Problem, unprocessable } from '../../http/problem.ts'
import { callerOf } from '../../identity/caller.ts'
import { Device, DeviceBody, DeviceChange, deviceQuery, showDevice } from './shapes.ts'

const tags = [TAGS.stock]

/** Physical units; what happens to them in leases is told by the leases. */
export function deviceRoutes(app: App, deps: ApiDeps): void {
  making(app, deps)
  reading(app, deps)
  changing(app, deps)
  checkingIn(app, deps)
}

function making(app: App, deps: ApiDeps): void {
  const schema = {
    tags,
    summary: 'Take a unit in',
    headers: idempotencyHeader,
    body: DeviceBody,
    response: writeAnswers({ 201: json(Device, 'Taken in: it is available.') }, 409, 422),
  }
  app.post('/devices', { schema }, async (request, reply) => {
    const { tenant } = callerOf(request)
    const { model_code: modelCode } = request.body
    const imei = imeiOf(request.body.imei) ?? ''
    const id = unitId(tenant, imei)
    const row = await deps.orm.em.fork().transactional(async (em) => {
      if (!(await modelsFor(em, tenant, [modelCode])).has(modelCode)) {
        throw unprocessable('unknown_device_model', 'There is no such device model: make it first.', '/model_code')
      }
      const added = await addUnits(em, tenant, [{ id, imei, modelCode }], instantOf(deps.now()))
      // Somebody who held this key died before answering, after the work was done.
      if (added === 0 && !request.idempotency?.takenOver) {
        throw conflict('device_exists', 'There is a unit with this IMEI already.')
      }
      return find(em, tenant, id)
    })
    return answer(reply.code(201).header('location', `/devices/${id}`), row)
  })
}

function reading(app: App, deps: ApiDeps): void {
  const list = {
    tags,
    summary: 'Units, newest first',
    querystring: deviceQuery,
    response: answers({ 200: json(pageOf(Device, 'Device'), 'One page.') }),
  }
  app.get('/devices', { schema: list }, async (request) => {
    const { limit, cursor = null, model: modelCode, status, imei } = request.query
    const number = imei === undefined ? undefined : (imeiOf(imei) ?? '')
    const where = { tenantId: callerOf(request).tenant, ...given({ modelCode, status, imei: number }) }
    const page = await readPage(deps.orm.em.fork(), Devices, where, BY_CREATION, { order: 'desc', limit, cursor })
    return { data: page.data.map(showDevice), next_cursor: page.nextCursor }
  })

  const one = {
    tags,
    summary: 'One unit',
    params: pathId,
    headers: ifNoneMatchHeader,
    response: answers({ 200: json(Device, 'The unit.'), ...unchanged }, 404),
  }
  app.get('/devices/:id', { schema: one }, async (request, reply) => {
    const device = showDevice(await find(deps.orm.em.fork(), callerOf(request).tenant, request.params.id))
    return isHeld(request, reply, device) ? reply.code(304).send() : reply.send(device)
  })
}

function changing(app: App, deps: ApiDeps): void {
  const schema = {
    tags,
    summary: 'Take a unit out of the stock, or back into it',
    params: pathId,
    headers: ifMatchHeader,
    body: DeviceChange,
    response: writeAnswers({ 200: json(Device, 'As it is now.') }, 404, 409, 412),
  }
  app.patch('/devices/:id', { schema }, async (request, reply) => {
    const { tenant } = callerOf(request)
    const row = await deps.orm.em.fork().transactional(async (em) => {
      const device = await find(em, tenant, request.params.id, LockMode.PESSIMISTIC_WRITE)
      refuseStale(request, showDevice(device))
      const changed = await setAside(em, tenant, device.id, request.body.status, instantOf(deps.now()))
      if (!changed) throw notOurs(device)
      return find(em, tenant, device.id)
    })
    return answer(reply, row)
  })
}

function checkingIn(app: App, deps: ApiDeps): void {
  const schema = {
    tags,
    summary: 'A unit that came back is in order: it is available again',
    params: pathId,
    headers: actionHeaders,
    response: writeAnswers({ 200: json(Device, 'Available, as it may have been already.') }, 404, 409, 412, 422),
  }
  app.post('/devices/:id/check_in', { schema }, async (request, reply) => {
    const { tenant } = callerOf(request)
    const row = await deps.orm.em.fork().transactional(async (em) => {
      const device = await find(em, tenant, request.params.id, LockMode.PESSIMISTIC_WRITE)
      refuseStale(request, showDevice(device))
      if (!(await checkIn(em, tenant, device.id, instantOf(deps.now())))) throw notOurs(device)
      return find(em, tenant, device.id)
    })
    return answer(reply, row)
  })
}

async function find(em: EntityManager, tenantId: string, id: string, lockMode?: LockMode): Promise<DeviceRow> {
  // What was written by SQL in this transaction is to be seen, not what was read before it.
  const options = { refresh: true, ...(lockMode === undefined ? {} : { lockMode }) }
  const row = await em.findOne(Devices, { tenantId, id }, options)
  if (!row) throw notFound('device')
  return row
}

/** A unit as it now stands, with its tag. */
function answer(reply: FastifyReply, row: DeviceRow): FastifyReply {
  const device = showDevice(row)
  setTag(reply, device)
  return reply.send(device)
}

/** Why a unit's status is not to be set by hand. */
function notOurs({ status, leaseId }: DeviceRow): Problem {
  switch (status) {
    case 'reserved':
    case 'leased':
      return conflict(
        'device_in_lease',
        `The unit is ${status} for lease ${leaseId}: what becomes of it is the lease's.`,
      )
    case 'lost':
    case 'sold':
      return conflict('device_gone', `The unit is ${status}: it is not in the stock any more.`)
    default:
      return conflict('device_not_back', `The unit is ${status}: it is not in maintenance.`)
  }
}

/** From what is stamped on it, so that a repeat makes the same unit. */
export function unitId(tenant: string, imei: string): string {
  return `dev_${createHash('sha256')
    .update(JSON.stringify([tenant, imei]))
    .digest('hex')
    .slice(0, 24)}`
}
