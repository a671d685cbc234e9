import type { EntityManager } from '@mikro-orm/postgresql'
import { indexesOf } from '../customers/people.ts'

/** The domain of an address, as companies have them. */
export function domainOf(email: string): string {
  return email.slice(email.lastIndexOf('@') + 1).toLowerCase()
}

/** The employee with this address, provided that their company has its domain. */
export async function employeeByEmail(
  em: EntityManager,
  tenantId: string,
  email: string,
): Promise<{ employee: string; client: string } | null> {
  const [found] = await em.execute<{ employee: string; client: string }[]>(
    `select e.id as employee, e.client_id as client from customers c
      join employees e on e.tenant_id = c.tenant_id and e.id = c.id and e.deleted_at is null
      join client_domains d on d.tenant_id = e.tenant_id and d.client_id = e.client_id and d.domain = ?
      where c.tenant_id = ? and c.email_index in (?)`,
    [domainOf(email), tenantId, indexesOf(em, tenantId, 'email', email)],
  )
  return found ?? null
}
