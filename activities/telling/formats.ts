import { decimalOf, minorDigits } from '../../domain/money.ts'
import type { CivilDate, Currency, Instant } from '../../domain/plans/terms.ts'

/** Amounts, dates and moments as people of one locale write them. */
export type Formats = {
  locale: string
  /** Minor units of the plan's currency. */
  money: (amount: number) => string
  /** A civil date, in words. */
  date: (date: CivilDate) => string
  /** The month of a civil date, with its year. */
  month: (date: CivilDate) => string
  /** The day of a moment in the plan's zone. */
  day: (at: Instant) => string
}

/** @param codes say the currency by its code, where its symbol might not be printable. */
export function formatsOf(locale: string, currency: Currency, timeZone: string, codes = false): Formats {
  const digits = minorDigits(currency)
  const money = new Intl.NumberFormat(locale, {
    style: 'currency',
    currency,
    currencyDisplay: codes ? 'code' : 'symbol',
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  })
  const civil = new Intl.DateTimeFormat(locale, { dateStyle: 'long', timeZone: 'UTC' })
  const month = new Intl.DateTimeFormat(locale, { month: 'long', year: 'numeric', timeZone: 'UTC' })
  const day = new Intl.DateTimeFormat(locale, { dateStyle: 'long', timeZone })
  return {
    locale,
    money: (amount) => money.format(decimalOf(amount, currency) as Intl.StringNumericLiteral),
    date: (date) => civil.format(new Date(`${date}T00:00:00Z`)),
    month: (date) => month.format(new Date(`${date}T00:00:00Z`)),
    day: (at) => day.format(new Date(at)),
  }
}
