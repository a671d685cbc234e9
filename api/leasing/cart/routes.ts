import type { FastifyRequest } from 'fastify'
import { z } from 'zod'
import { instantOf } from '../../../db/columns.ts'
import { insertOnce } from '../../../db/insert-once.ts'
import { linesOf } from '../../../db/leasing/carts.ts'
import { type CartLineRow, CartLines } from '../../../db/leasing/employees.ts'
import { Plans } from '../../../db/plans/plans.ts'
import { PAYERS } from '../../../domain/leasing/lease.ts'
import type { ApiDeps } from '../../deps.ts'
import { answers, json, writeAnswers } from '../../http/answers.ts'
import type { App } from '../../http/app-type.ts'
import { TAGS } from '../../http/docs.ts'
import { instant, pathId, paymentMethodId } from '../../http/fields.ts'
import { idempotencyHeader } from '../../http/headers.ts'
import { idFor } from '../../http/idempotency.ts'
import { conflict, notFound } from '../../http/problem.ts'
import { callerOf } from '../../identity/caller.ts'
import { shown } from '../../plans/present.ts'
import { atOneMoment, withRows } from '../../plans/queries.ts'
import { LeaseQuoteBody, wanted } from '../leases/bodies.ts'
import { LEASING } from '../leases/kind.ts'
import { readOrder } from '../leases/order.ts'
import { leaseShapes } from '../leases/shapes.ts'
import { askingOf } from '../leases/step.ts'
import { checkOut } from './checkout.ts'

const MOST_LINES = 20

const CartLineBody = z.strictObject(wanted).meta({ id: 'CartLineBody', description: 'A device that is to be ordered.' })
const CartLine = z
  .object({
    cart_line_id: z.string(),
    device_code: z.string(),
    term_months: z.int(),
    payer: z.enum(PAYERS),
    damage_waiver: z.boolean(),
    is_being_ordered: z.boolean().meta({ description: 'A checkout has begun with it whose end is not known yet.' }),
    created_at: instant,
  })
  .meta({ id: 'CartLine' })
const Cart = z.object({ data: z.array(CartLine) }).meta({ id: 'Cart' })
const CheckoutBody = z
  .strictObject({ payment_method: paymentMethodId.optional() })
  .meta({ id: 'CartCheckoutBody', description: 'The payment method of the lines that the employee pays themselves.' })
const CheckedOut = z.object({ leases: z.array(leaseShapes.plan) }).meta({ id: 'CartCheckedOut' })

const tags = [TAGS.leases]

/** The cart of the signed-in employee. */
export function cartRoutes(app: App, deps: ApiDeps): void {
  reading(app, deps)
  putting(app, deps)
  checkingOut(app, deps)
}

/** The permission table lets only employees here, and none whose token does not say who they are. */
function ownerOf(request: FastifyRequest) {
  const { tenant, customer } = callerOf(request)
  return { tenantId: tenant, employeeId: customer ?? '' }
}

function reading(app: App, deps: ApiDeps): void {
  const schema = { tags, summary: 'What I mean to order', response: answers({ 200: json(Cart, 'The cart.') }) }
  app.get('/cart', { schema }, async (request) => {
    const lines = await linesOf(deps.orm.em.fork(), ownerOf(request))
    return { data: lines.map(showLine) }
  })
}

function putting(app: App, deps: ApiDeps): void {
  const schema = {
    tags,
    summary: 'Put a device into my cart, that the store offers; nothing is put aside for it yet',
    headers: idempotencyHeader,
    body: CartLineBody,
    response: writeAnswers({ 201: json(CartLine, 'It is in the cart.') }, 409, 422),
  }
  app.post('/cart', { schema }, async (request, reply) => {
    const owner = ownerOf(request)
    const asking = askingOf(request, deps)
    await readOrder(asking, LeaseQuoteBody.parse(request.body))
    const lines = await linesOf(asking.em, owner)
    const id = idFor(request, 'cl_')
    if (lines.length >= MOST_LINES && !lines.some((line) => line.id === id)) {
      throw conflict('cart_full', `A cart has at most ${MOST_LINES} lines.`)
    }
    const { device_code: deviceCode, term_months: termMonths, payer, damage_waiver: damageWaiver } = request.body
    const row = { ...owner, id, deviceCode, termMonths, payer, damageWaiver, createdAt: instantOf(deps.now()) }
    await insertOnce(asking.em, CartLines, [row])
    return reply
      .code(201)
      .header('location', `/cart/${id}`)
      .send(showLine({ ...row, checkoutId: null }))
  })

  const removing = {
    tags,
    summary: 'Take a line out of my cart',
    params: pathId,
    response: { ...writeAnswers({}, 404, 409), 204: { description: 'Gone.' } },
  }
  app.delete('/cart/:id', { schema: removing }, async (request, reply) => {
    const em = deps.orm.em.fork()
    const mine = { ...ownerOf(request), id: request.params.id, orderedAt: null }
    if ((await em.nativeDelete(CartLines, { ...mine, checkoutId: null })) === 1) return reply.code(204).send()
    if ((await em.count(CartLines, mine)) === 0) throw notFound('cart line')
    throw conflict('checkout_under_way', 'It is being ordered: repeat the checkout to see how that ends.')
  })
}

function checkingOut(app: App, deps: ApiDeps): void {
  const schema = {
    tags,
    summary: 'Order every line of my cart, or none',
    headers: idempotencyHeader,
    body: CheckoutBody,
    response: writeAnswers({ 201: json(CheckedOut, 'All are ordered, and the cart is empty.') }, 409, 422),
  }
  app.post('/cart/checkout', { schema }, async (request, reply) => {
    const checkout = { id: idFor(request, 'co_'), requestId: request.id, paymentMethod: request.body.payment_method }
    const ids = await checkOut(askingOf(request, deps), ownerOf(request), checkout)
    const leases = await atOneMoment(deps.orm.em.fork(), async (em) =>
      withRows(em, await em.find(Plans, { id: { $in: ids } })),
    )
    const inOrder = ids.flatMap((id) => leases.filter(({ plan }) => plan.id === id))
    return reply
      .code(201)
      .header('location', '/me/leases')
      .send({ leases: inOrder.map(shown(LEASING, deps)) })
  })
}

type Line = Pick<
  CartLineRow,
  'id' | 'deviceCode' | 'termMonths' | 'payer' | 'damageWaiver' | 'createdAt' | 'checkoutId'
>

function showLine(line: Line): z.output<typeof CartLine> {
  return {
    cart_line_id: line.id,
    device_code: line.deviceCode,
    term_months: line.termMonths,
    payer: line.payer,
    damage_waiver: line.damageWaiver ?? false,
    is_being_ordered: line.checkoutId != null,
    created_at: line.createdAt,
  }
}
