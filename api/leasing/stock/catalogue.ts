import type { EntityManager } from '@mikro-orm/postgresql'
import { type DeviceModelRow, DeviceModels } from '../../../db/leasing/stock.ts'
import { stockOf } from '../../../db/leasing/units.ts'

/** A model that can be ordered, and how many units of it there are to be had now. */
export type Offer = { model: DeviceModelRow; available: number; words: string }
export type Catalogue = (em: EntityManager, tenant: string) => Promise<readonly Offer[]>

/** What was read is given out for so long, counted from before it was read: nobody sees what changed a second ago. */
const FRESH_FOR_MS = 800

/**
 * Reads what a tenant's stock has to offer, at most about once a second however often it is asked for
 * (docs/decisions/0012). `clock` is in milliseconds.
 */
export function cachedCatalogue(read: Catalogue = readCatalogue, clock = () => performance.now()): Catalogue {
  const kept = new Map<string, { since: number; offers: Promise<readonly Offer[]> }>()
  return (em, tenant) => {
    const now = clock()
    for (const [whose, { since }] of kept) if (now - since >= FRESH_FOR_MS) kept.delete(whose)
    const there = kept.get(tenant)
    if (there) return there.offers
    const offers = read(em, tenant)
    kept.set(tenant, { since: now, offers })
    // A failure is told to those who waited for it, and to nobody after.
    offers.catch(() => kept.get(tenant)?.offers === offers && kept.delete(tenant))
    return offers
  }
}

export async function readCatalogue(em: EntityManager, tenant: string): Promise<readonly Offer[]> {
  const models = await em.find(DeviceModels, { tenantId: tenant, deletedAt: null }, { disableIdentityMap: true })
  const stock = await stockOf(em, tenant)
  return models.map((model) => ({
    model,
    available: stock.of(model.code).available,
    words: searchable(`${model.name} ${model.description} ${model.manufacturer}`),
  }))
}

/** Without case and accents, as people search. */
export function searchable(text: string): string {
  return text.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase()
}
