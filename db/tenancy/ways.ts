import type { EntityManager } from '@mikro-orm/postgresql'

/**
 * The ways across tenants that the API has: functions of the database that run as its owner, each answering one narrow
 * question. No other function may.
 */
export const WAYS_ACROSS: readonly string[] = [
  'is_customer_of_another',
  'issuers_of_tenants',
  'tenant_of_api_client',
  'tenants_of_payments',
  'waiting_figures',
]

/** Whose payments or refunds these ids of a gateway are; nobody's when none is known. */
export async function tenantsOfPayments(em: EntityManager, gateway: string, ids: string[]): Promise<string[]> {
  const rows = await em.execute<{ tenant: string }[]>(
    'select tenant from tenants_of_payments(?, array(select jsonb_array_elements_text(?::jsonb)))',
    [gateway, JSON.stringify(ids)],
  )
  return rows.map(({ tenant }) => tenant)
}

/** Whether another tenant than this one has the gateway's customer. */
export async function isCustomerOfAnother(em: EntityManager, tenant: string, gatewayId: string): Promise<boolean> {
  const [row] = await em.execute<{ answer: boolean }[]>('select answer from is_customer_of_another(?, ?)', [
    tenant,
    gatewayId,
  ])
  return row?.answer ?? false
}

/** Whose API client it is; null when there is none by this id. */
export async function tenantOfApiClient(em: EntityManager, id: string): Promise<string | null> {
  const [row] = await em.execute<{ tenant: string }[]>('select tenant from tenant_of_api_client(?)', [id])
  return row?.tenant ?? null
}

/** Who may speak for which tenant, besides the issuer that speaks for all. */
export async function issuersOfTenants(
  em: EntityManager,
): Promise<{ issuer: string; tenant: string; audience: string }[]> {
  return em.execute('select issuer, tenant, audience from issuers_of_tenants()')
}
