import type { EntityManager } from '@mikro-orm/postgresql'
import type { FastifyRequest } from 'fastify'
import type { z } from 'zod'
import { instantOf } from '../../../db/columns.ts'
import { addCompany, type Company, findCompany } from '../../../db/leasing/companies.ts'
import { TestClocks } from '../../../db/plans/test-clocks.ts'
import { DEFAULT_STORE } from '../../../domain/leasing/store.ts'
import { payableAtGateway } from '../../customers/at-gateway.ts'
import type { ApiDeps } from '../../deps.ts'
import { idFor } from '../../http/idempotency.ts'
import { Problem, unprocessable } from '../../http/problem.ts'
import { callerOf } from '../../identity/caller.ts'
import { refuseUnknownPlace } from '../../plans/agreements.ts'
import type { ClientBody } from './client-shapes.ts'
import { refuseStore } from './store-routes.ts'
import { storeOf } from './store-shapes.ts'

/** Makes the company; a repeat of the request finds the one that is there. Throws `DomainsTaken`. */
export async function makeCompany(
  deps: ApiDeps,
  request: FastifyRequest,
  body: z.output<typeof ClientBody>,
): Promise<Company> {
  const { tenant: tenantId } = callerOf(request)
  const id = idFor(request, 'cli_')
  const em = deps.orm.em.fork()
  const there = request.idempotency?.takenOver ? await findCompany(em, { tenantId, id }) : null
  if (there) return there
  const { name, email, phone = null, locale = null, currency, timezone, payment_method } = body
  refuseUnknownPlace({ timezone, currency })
  const store = storeOf(body.store, DEFAULT_STORE)
  await refuseStore(em, { tenantId, currency }, store, '/store')
  const testClockId = await clockOf(em, deps, tenantId, body.test_clock)
  const now = instantOf(deps.now())
  const person = { tenantId, id, name, email, phone, gatewayCustomerId: null }
  const company = {
    ...{ ...person, locale, defaultPaymentMethod: null, status: 'active' as const },
    ...{ officeAddress: body.office_address ?? null, domains: [...new Set(body.domains)], currency, store },
    ...{ statement: { ...body.statement, timezone }, testClockId, createdAt: now, updatedAt: now },
    ...(await payableAtGateway(deps, person, payment_method)),
  }
  await addCompany(em, company)
  return { ...company, domains: company.domains.toSorted() }
}

async function clockOf(
  em: EntityManager,
  { config }: ApiDeps,
  tenantId: string,
  id: string | undefined,
): Promise<string | null> {
  if (id === undefined) return null
  if (!config.testClocks) throw new Problem(403, 'test_clocks_off', 'There are no test clocks here.')
  if ((await em.count(TestClocks, { tenantId, id, deletedAt: null })) > 0) return id
  throw unprocessable('unknown_test_clock', 'There is no such test clock.', '/test_clock')
}
