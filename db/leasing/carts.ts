import type { EntityManager } from '@mikro-orm/postgresql'
import type { Instant } from '../../domain/plans/terms.ts'
import { type CartLineRow, CartLines } from './employees.ts'
import { lockEmployee } from './orders.ts'

/** What employees mean to order, and how it is ordered: every line or none. */

export type CartOwner = { tenantId: string; employeeId: string }

const IN_ORDER = { createdAt: 'asc', id: 'asc' } as const

export function linesOf(em: EntityManager, owner: CartOwner): Promise<CartLineRow[]> {
  return em.find(CartLines, { ...owner, orderedAt: null }, { orderBy: IN_ORDER })
}

/** A line of a checkout, and the lease that it becomes. */
export type ClaimedLine = CartLineRow & { leaseId: string }
export type Claim = { lines: ClaimedLine[]; isOrdered: boolean } | 'cart_empty' | 'checkout_under_way'

/**
 * All lines for one checkout, which alone goes on with them until `until`. What another checkout has left unfinished is
 * taken over with the leases that it gave the lines; what this one has ordered already is answered as it was.
 */
export async function claimCart(
  em: EntityManager,
  owner: CartOwner,
  { checkout, leaseOf, now, until }: { checkout: string; leaseOf(line: string): string; now: Instant; until: Instant },
): Promise<Claim> {
  return em.transactional(async (tx): Promise<Claim> => {
    await lockEmployee(tx, owner.tenantId, owner.employeeId)
    const ordered = await tx.find(
      CartLines,
      { ...owner, checkoutId: checkout, orderedAt: { $ne: null } },
      { orderBy: IN_ORDER },
    )
    if (ordered.length > 0) return { lines: ordered as ClaimedLine[], isOrdered: true }
    const lines = await linesOf(tx, owner)
    if (lines.length === 0) return 'cart_empty'
    const isOthers = ({ checkoutId, checkoutUntil }: CartLineRow) =>
      checkoutId != null && checkoutId !== checkout && (checkoutUntil ?? '') > now
    if (lines.some(isOthers)) return 'checkout_under_way'
    const claimed: ClaimedLine[] = []
    for (const line of lines) {
      const claim = { checkoutId: checkout, leaseId: line.leaseId ?? leaseOf(line.id), checkoutUntil: until }
      await tx.nativeUpdate(CartLines, { id: line.id }, claim)
      claimed.push({ ...line, ...claim })
    }
    return { lines: claimed, isOrdered: false }
  })
}

/** The lines are no part of the cart any more. */
export async function cartOrdered(em: EntityManager, checkoutId: string, at: Instant): Promise<void> {
  await em.nativeUpdate(CartLines, { checkoutId }, { orderedAt: at, checkoutUntil: null })
}

/** Nothing of the checkout came about but these leases: their lines are gone, and the others are as they were. */
export async function cartGivenBack(em: EntityManager, checkoutId: string, kept: string[]): Promise<void> {
  const free = { checkoutId: null, leaseId: null, checkoutUntil: null }
  await em.transactional(async (tx) => {
    await tx.nativeDelete(CartLines, { checkoutId, orderedAt: null, leaseId: { $in: kept } })
    await tx.nativeUpdate(CartLines, { checkoutId, orderedAt: null }, free)
  })
}

/** Nobody knows how far it came: whoever repeats it may go on at once. */
export async function cartLeft(em: EntityManager, checkoutId: string): Promise<void> {
  await em.nativeUpdate(CartLines, { checkoutId, orderedAt: null }, { checkoutUntil: null })
}
