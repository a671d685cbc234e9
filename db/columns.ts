import { p, Type } from '@mikro-orm/core'
import type { Instant } from '../domain/plans/terms.ts'
import type { Sealed } from '../secrets/sealed.ts'

/** What a JS number holds exactly: a larger amount is refused by the database rather than read back rounded. */
const MAX = Number.MAX_SAFE_INTEGER

/** Moments are strings in domain values; a `Date` in rows would be the only one in the house. */
class InstantType extends Type<Instant, string> {
  override convertToJSValue(value: string | Date | null): Instant {
    return value === null ? (value as never) : instantOf(value)
  }

  override convertToDatabaseValue(value: Instant): string {
    return value
  }

  override getColumnType(): string {
    return 'timestamptz(3)'
  }

  override compareAsType(): string {
    return 'string'
  }
}

/** RFC 3339 in UTC, with milliseconds only where there are some, of what PostgreSQL or JavaScript calls a moment. */
export function instantOf(value: string | Date): Instant {
  const date = typeof value === 'string' ? new Date(value.replace(' ', 'T').replace(/([+-]\d\d)$/, '$1:00')) : value
  return date.toISOString().replace('.000Z', 'Z')
}

export const instant = () => p.type(InstantType)

export const text = () => p.text()

/** Encrypted, and bound to its row: see secrets/sealed.ts. */
export const sealed = () => p.text().$type<Sealed>()

/** Minor units, negative ones included. */
export const signedAmount = (column: string) =>
  p.bigint('number').fieldName(column).check(`${column} >= -${MAX} and ${column} <= ${MAX}`)

/** Minor units, never below 0. */
export const amount = (column: string) =>
  p.bigint('number').fieldName(column).check(`${column} >= 0 and ${column} <= ${MAX}`)
