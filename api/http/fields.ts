import { z } from 'zod'
import { isCivil } from '../../domain/calendar.ts'

/** Fields that many bodies have. Bounds are what the store, the gateways and people can take. */

// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is refused: they end mail headers and log lines.
const ONE_LINE = /^[^\u0000-\u001f\u007f\u2028\u2029]*$/u
const LAST_DAY = '2999-12-31'
const DATE = '[0-2]\\d{3}-(0[1-9]|1[0-2])-(0[1-9]|[12]\\d|3[01])'
const TIMESTAMP = `${DATE}T([01]\\d|2[0-3]):[0-5]\\d:[0-5]\\d(\\.\\d{1,9})?(Z|[+-]([01]\\d|2[0-3]):[0-5]\\d)`
const TIMESTAMP_ONLY = new RegExp(`^${TIMESTAMP}$`)

/** Text on one line, at least one character of it visible. */
export const line = (max: number) =>
  z
    .string()
    .min(1)
    .max(max)
    .regex(/\S/, 'must not be blank')
    .regex(ONE_LINE, 'must be one line without control characters')

/** Text of several lines. */
export const paragraph = (max: number) => z.string().min(1).max(max).regex(/\S/, 'must not be blank')

export const amount = z.int().min(0).meta({ description: 'Minor units of the currency.', example: 10000 })
/** An amount that somebody asks for. */
export const positiveAmount = z
  .int()
  .min(1)
  .max(Number.MAX_SAFE_INTEGER)
  .meta({ description: 'Minor units of the currency.', example: 120000 })
export const signedAmount = z.int().meta({ description: 'Minor units; debits positive.' })

export const timestamp = z
  .string()
  .max(40)
  .refine(isTimestamp, 'must be an RFC 3339 timestamp')
  .meta({ format: 'date-time', pattern: `^${TIMESTAMP}$`, example: '2027-01-15T14:00:00Z' })

export const dateOrTimestamp = z
  .string()
  .max(40)
  .refine((text) => (isCivil(text) && text <= LAST_DAY) || isTimestamp(text), 'must be a date or an RFC 3339 timestamp')
  .meta({
    description: 'A date, or a timestamp that is turned into the date of the zone.',
    example: '2027-01-15',
    anyOf: [
      { format: 'date', pattern: `^${DATE}$` },
      { format: 'date-time', pattern: `^${TIMESTAMP}$` },
    ],
  })

function isTimestamp(text: string): boolean {
  return TIMESTAMP_ONLY.test(text) && isCivil(text.slice(0, 10)) && text.slice(0, 10) <= LAST_DAY
}

/** What answers hold. */
export const date = z.string().meta({ format: 'date', example: '2027-01-15' })
export const instant = z.string().meta({ format: 'date-time', example: '2027-01-15T14:00:00Z' })
export const anyObject = z.record(z.string(), z.unknown())

export const currency = z
  .string()
  .regex(/^[A-Z]{3}$/, 'must be an ISO 4217 code in upper case')
  .meta({ example: 'USD' })
export const timezone = z.string().min(1).max(64).meta({ description: 'IANA name.', example: 'America/Toronto' })
export const timeOfDay = z
  .string()
  .regex(/^([01]\d|2[0-3]):[0-5]\d$/, 'must be HH:MM')
  .meta({ example: '09:00' })

/** Each part at most as long as RFC 5321 lets it be. */
export const email = z
  .email()
  .max(254)
  .regex(/^[^@]{1,64}@/, 'must have at most 64 characters before the @')

export const phone = z
  .string()
  .regex(/^\+?[0-9 ().-]{5,25}$/, 'must be a phone number')
  .meta({ example: '+14165550123' })
export const locale = z
  .string()
  .max(35)
  .regex(/^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*$/, 'must be a language tag')
  .meta({ example: 'en-CA' })
export const customerId = line(255).meta({ description: "The client's own id, or the gateway's (`cus_…`)." })
export const clientId = z.string().min(1).max(64).meta({ description: 'A company whose employees lease (`cli_…`).' })
export const paymentMethodId = z
  .string()
  .min(1)
  .max(255)
  .regex(/^[\w-]+$/, "must be the gateway's id of a payment method")
  .meta({ description: 'Id at the gateway; attached to the customer when it is not yet.', example: 'pm_card_visa' })

const MOST_KEYS = 50
export const metadata = z
  .record(z.string().min(1).max(40), z.string().max(500))
  .refine((map) => Object.keys(map).length <= MOST_KEYS, `must have at most ${MOST_KEYS} keys`)

const MOST_BYTES = 16_384
/** An object that is kept and given back as it was. */
export const keptObject = z
  .record(z.string(), z.unknown())
  .refine((value) => Buffer.byteLength(JSON.stringify(value)) <= MOST_BYTES, `must be at most ${MOST_BYTES} bytes`)

/** The id of one thing in a path. Whatever cannot be one names nothing: 404. */
export const pathId = z.object({ id: z.string().min(1).max(300) })

export const limit = z.coerce
  .string()
  .regex(/^\d{1,3}$/, 'must be a whole number from 1 to 100')
  .transform(Number)
  .pipe(z.int().min(1).max(100))
  .default(20)
  .meta({ override: { type: 'integer', minimum: 1, maximum: 100, default: 20 } })
export const cursor = z.string().min(1).max(600).optional().meta({ description: '`next_cursor` of the page before.' })
export const listQuery = z.strictObject({ limit, cursor })

/** Query parameters are text: `true` and `false` are spelled out. */
export const flag = z
  .enum(['true', 'false'])
  .optional()
  .transform((text) => text === 'true')

export function pageOf<T extends z.ZodType>(item: T, name: string) {
  return z
    .object({ data: z.array(item), next_cursor: z.string().nullable() })
    .meta({ id: `${name}List`, description: 'One page; `next_cursor` is null on the last one.' })
}
