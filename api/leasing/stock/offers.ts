import { cursorOf, decodeCursor, type Keyset, type Page } from '../../../db/pages.ts'
import { type Offer, searchable } from './catalogue.ts'

export const SORTS = ['name', 'price', '-price', '-created_at'] as const
export type Wanted = {
  q?: string | undefined
  manufacturer?: string | undefined
  max_price?: number | undefined
  available: boolean
  sort: (typeof SORTS)[number]
  limit: number
  cursor?: string | undefined
}

/** What a company's store offers: the models that it names, or all, of those that are priced in its currency. */
export type Shelf = { models: readonly string[] | null; currency: string }

/**
 * Of what there is, one page of what somebody looks for, in one store or, without any, in all. Every word of `q` must be
 * there somewhere. Throws `InvalidCursor`.
 */
export function offersFor(offers: readonly Offer[], store: Shelf | null, wanted: Wanted): Page<Offer> {
  const { q = '', manufacturer, max_price = Number.POSITIVE_INFINITY, available, sort, limit, cursor } = wanted
  const only = store?.models && new Set(store.models)
  const words = searchable(q).split(/\s+/).filter(Boolean)
  const maker = manufacturer === undefined ? undefined : searchable(manufacturer)
  const fits = (offer: Offer) =>
    (!only || only.has(offer.model.code)) &&
    (!store || offer.model.currency === store.currency) &&
    (!available || offer.available > 0) &&
    offer.model.price <= max_price &&
    (maker === undefined || searchable(offer.model.manufacturer) === maker) &&
    words.every((word) => offer.words.includes(word))
  const order = ORDERS[sort]
  const after = cursor === undefined ? undefined : (decodeCursor(cursor, order.keyset) as Key)
  const found = offers
    .filter(fits)
    .map((offer) => ({ offer, key: keyOf(offer, order) }))
    .filter(({ key }) => after === undefined || compare(key, after, order) > 0)
    .sort((a, b) => compare(a.key, b.key, order))
  const last = found.at(limit - 1)
  return {
    data: found.slice(0, limit).map(({ offer }) => offer),
    nextCursor: found.length > limit && last ? cursorOf(last.offer.model, order.keyset) : null,
  }
}

type Key = [string | number, string]
type Order = { keyset: Keyset; down: boolean }

const code = { property: 'code', column: 'code', is: 'text' } as const
const by = (property: 'name' | 'price' | 'createdAt', is: 'text' | 'number' | 'instant', down = false): Order => ({
  keyset: [{ property, column: property, is }, code],
  down,
})
const ORDERS: Record<Wanted['sort'], Order> = {
  name: by('name', 'text'),
  price: by('price', 'number'),
  '-price': by('price', 'number', true),
  '-created_at': by('createdAt', 'instant', true),
}

function keyOf({ model }: Offer, { keyset }: Order): Key {
  return keyset.map(({ property }) => model[property as keyof typeof model]) as Key
}

/** The names of people's alphabets, capitals beside small letters; the code decides between equals. */
const NAMES = new Intl.Collator('en', { numeric: true })

function compare([a, codeA]: Key, [b, codeB]: Key, { down }: Order): number {
  const first = typeof a === 'number' ? a - Number(b) : NAMES.compare(a, String(b))
  return (down ? -first : first) || (codeA < codeB ? -1 : codeA > codeB ? 1 : 0)
}
