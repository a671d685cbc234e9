import { LockMode } from '@mikro-orm/core'
import type { EntityManager } from '@mikro-orm/postgresql'
import type { Instant } from '../../domain/plans/terms.ts'
import { type DeviceModelRow, DeviceModels } from './stock.ts'

export function findModel(
  em: EntityManager,
  tenantId: string,
  code: string,
  lockMode?: LockMode,
): Promise<DeviceModelRow | null> {
  return em.findOne(DeviceModels, { tenantId, code, deletedAt: null }, lockMode === undefined ? {} : { lockMode })
}

/** Those of the codes that units can be of. Until the transaction ends none of them can be deleted. */
export async function modelsFor(em: EntityManager, tenantId: string, codes: readonly string[]): Promise<Set<string>> {
  const where = { tenantId, code: { $in: [...codes] }, deletedAt: null }
  const found = await em.find(DeviceModels, where, {
    fields: ['code'],
    orderBy: { code: 'asc' },
    lockMode: LockMode.PESSIMISTIC_READ,
  })
  return new Set(found.map(({ code }) => code))
}

/**
 * Nobody can order it any more. It is gone for good when no unit, cart or lease has to do with it; else its row stays for
 * them. To be called in a transaction that holds its row.
 */
export async function deleteModel(tx: EntityManager, tenant: string, code: string, now: Instant): Promise<void> {
  const [kept] = await tx.execute<{ kept: boolean }[]>(
    `select exists (select 1 from devices where tenant_id = ? and model_code = ?)
      or exists (select 1 from leases where tenant_id = ? and model_code = ?)
      or exists (select 1 from cart_lines where tenant_id = ? and device_code = ?) as kept`,
    [tenant, code, tenant, code, tenant, code],
  )
  if (kept?.kept) await tx.nativeUpdate(DeviceModels, { tenantId: tenant, code }, { deletedAt: now, updatedAt: now })
  else await tx.nativeDelete(DeviceModels, { tenantId: tenant, code })
}
