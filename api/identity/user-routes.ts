import type { EntityManager } from '@mikro-orm/postgresql'
import { z } from 'zod'
import { instantOf } from '../../db/columns.ts'
import { Customers } from '../../db/customers/customers.ts'
import { type UserRow, Users } from '../../db/identity/users.ts'
import { Clients } from '../../db/leasing/clients.ts'
import { BY_CREATION, pageOf as readPage } from '../../db/pages.ts'
import { isOfCompanyOnly, isOwingOnly, ROLES, type Role } from '../../domain/identity/roles.ts'
import type { ApiDeps } from '../deps.ts'
import { answers, json, writeAnswers } from '../http/answers.ts'
import type { App } from '../http/app-type.ts'
import { TAGS } from '../http/docs.ts'
import { clientId, customerId, email, instant, listQuery, pageOf, pathId } from '../http/fields.ts'
import { idempotencyHeader } from '../http/headers.ts'
import { idFor } from '../http/idempotency.ts'
import { conflict, notFound, unprocessable } from '../http/problem.ts'
import { type Caller, callerOf } from './caller.ts'
import { onlyWithOwnIssuer } from './own-issuer.ts'
import { hashPassword, newSecret } from './passwords.ts'

const roles = z.array(z.enum(ROLES)).min(1).max(ROLES.length)
const User = z
  .object({
    user_id: z.string(),
    email: z.string(),
    roles,
    customer_id: z.string().nullable(),
    client_id: z.string().nullable(),
    disabled: z.boolean(),
    created_at: instant,
  })
  .meta({ id: 'User' })
const UserWithPassword = z
  .object({ ...User.shape, password: z.string().meta({ description: 'To begin with; shown this once.' }) })
  .meta({ id: 'UserWithPassword' })
const UserBody = z
  .strictObject({
    email,
    roles,
    customer_id: customerId.optional().meta({
      description:
        'Whose plans are shown to a customer or an employee. An employee may be known by the address instead.',
    }),
    client_id: clientId.optional().meta({ description: "Whose company is shown to a company's admin." }),
  })
  .meta({ id: 'UserBody' })
const UserChange = z
  .strictObject({
    password: z.string().min(12).max(200).optional(),
    roles: roles.optional(),
    customer_id: customerId.nullable().optional(),
    client_id: clientId.nullable().optional(),
    disabled: z.boolean().optional().meta({ description: 'Who is disabled cannot sign in; tokens expire in an hour.' }),
  })
  .meta({ id: 'UserChange', description: 'What is absent stays.' })

const tags = [TAGS.identity]
const UNIQUE_VIOLATION = '23505'

/** People who sign in with a password, where Tenor is its own issuer. */
export function userRoutes(app: App, deps: ApiDeps): void {
  making(app, deps)
  reading(app, deps)
  changing(app, deps)
}

function making(app: App, deps: ApiDeps): void {
  const schema = {
    tags,
    summary: 'Make a user; a password to begin with is shown once',
    headers: idempotencyHeader,
    body: UserBody,
    response: writeAnswers({ 201: json(UserWithPassword, 'Made.') }, 409, 422),
  }
  const options = { schema, config: { answerHoldsSecret: true }, preHandler: onlyWithOwnIssuer(deps) }
  app.post('/users', options, async (request, reply) => {
    const { tenant } = callerOf(request)
    const { roles, customer_id = null, client_id = null } = request.body
    const em = deps.orm.em.fork()
    const named = { customerId: customer_id, clientId: client_id }
    await refuseUnnamed(em, tenant, roles, named)
    const id = idFor(request, 'usr_')
    const password = newSecret()
    const row = {
      ...{ id, tenantId: tenant, email: request.body.email.toLowerCase(), roles, ...named },
      ...{ passwordHash: await hashPassword(password), createdAt: instantOf(deps.now()), disabledAt: null },
    }
    // Whoever takes over the key of one who died before answering: nobody was shown that one's password.
    if (request.idempotency?.takenOver) await em.nativeDelete(Users, { id, tenantId: tenant })
    await em.insert(Users, row).catch((error: { code?: string }) => {
      throw error.code === UNIQUE_VIOLATION
        ? conflict('user_exists', 'There is a user with this e-mail address already.')
        : error
    })
    return reply
      .code(201)
      .header('location', `/users/${id}`)
      .send({ ...show(row), password })
  })
}

function reading(app: App, deps: ApiDeps): void {
  const preHandler = onlyWithOwnIssuer(deps)
  const list = {
    tags,
    summary: 'Users, newest first',
    querystring: listQuery,
    response: answers({ 200: json(pageOf(User, 'User'), 'One page.') }),
  }
  app.get('/users', { schema: list, preHandler }, async (request) => {
    const where = { tenantId: callerOf(request).tenant }
    const options = { order: 'desc' as const, ...request.query }
    const page = await readPage(deps.orm.em.fork(), Users, where, BY_CREATION, options)
    return { data: page.data.map(show), next_cursor: page.nextCursor }
  })

  const one = { tags, summary: 'One user', params: pathId, response: answers({ 200: json(User, 'The user.') }, 404) }
  app.get('/users/:id', { schema: one, preHandler }, async (request) =>
    show(await find(deps.orm.em.fork(), callerOf(request), request.params.id)),
  )
}

function changing(app: App, deps: ApiDeps): void {
  const schema = {
    tags,
    summary: 'Give a user another password or other roles, or disable it',
    params: pathId,
    body: UserChange,
    response: writeAnswers({ 200: json(User, 'As it is now.') }, 404, 422),
  }
  app.patch('/users/:id', { schema, preHandler: onlyWithOwnIssuer(deps) }, async (request) => {
    const em = deps.orm.em.fork()
    const user = await find(em, callerOf(request), request.params.id)
    const { password, roles = user.roles, disabled } = request.body
    const { customer_id = user.customerId ?? null, client_id = user.clientId ?? null } = request.body
    const named = { customerId: customer_id, clientId: client_id }
    await refuseUnnamed(em, user.tenantId, roles, named)
    const disabledAt = (disabled ?? user.disabledAt != null) ? (user.disabledAt ?? instantOf(deps.now())) : null
    const change = { roles, ...named, disabledAt }
    const hash = password === undefined ? {} : { passwordHash: await hashPassword(password) }
    const { id, tenantId } = user
    await em.nativeUpdate(Users, { id, tenantId }, { ...change, ...hash })
    return show(await em.findOneOrFail(Users, { id, tenantId }, { refresh: true }))
  })
}

type Named = { customerId: string | null; clientId: string | null }

/**
 * Who owes must be some customer, though an employee may be known by the address; who is a company's admin must be some
 * company's; and whoever is named must be one of the tenant's.
 */
async function refuseUnnamed(em: EntityManager, tenantId: string, roles: Role[], named: Named): Promise<void> {
  const { customerId, clientId } = named
  if (customerId === null && isOwingOnly(roles) && !roles.includes('employee')) {
    throw unprocessable('customer_missing', 'Say which customer a user of these roles is.', '/customer_id')
  }
  if (clientId === null && isOfCompanyOnly(roles)) {
    throw unprocessable('client_missing', 'Say which company a user of these roles is of.', '/client_id')
  }
  if (customerId !== null && (await em.count(Customers, { tenantId, id: customerId })) === 0) {
    throw unprocessable('unknown_customer', 'There is no such customer: create it first.', '/customer_id')
  }
  if (clientId !== null && (await em.count(Clients, { tenantId, id: clientId, deletedAt: null })) === 0) {
    throw unprocessable('unknown_client', 'There is no such company: create it first.', '/client_id')
  }
}

async function find(em: EntityManager, { tenant }: Caller, id: string): Promise<UserRow> {
  const user = await em.findOne(Users, { id, tenantId: tenant })
  if (!user) throw notFound('user')
  return user
}

type Shown = Pick<UserRow, 'id' | 'email' | 'roles' | 'createdAt'> & {
  customerId?: string | null
  clientId?: string | null
  disabledAt?: string | null
}
function show(row: Shown): z.output<typeof User> {
  return {
    user_id: row.id,
    email: row.email,
    roles: row.roles,
    customer_id: row.customerId ?? null,
    client_id: row.clientId ?? null,
    disabled: row.disabledAt != null,
    created_at: row.createdAt,
  }
}
