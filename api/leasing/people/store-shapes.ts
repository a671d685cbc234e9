import { z } from 'zod'
import { OFFBOARDING_RULES, PAYERS } from '../../../domain/leasing/lease.ts'
import type { StoreSettings } from '../../../domain/leasing/store.ts'
import { line } from '../../http/fields.ts'
import { CancellationTermsBody, cancellationTerms, showCancellationTerms } from '../../plans/agreements.ts'

const percent = z
  .number()
  .min(0)
  .max(100)
  .meta({ description: 'Of the monthly amount or the price; two decimals at most.' })
const fields = {
  models: z
    .array(line(64))
    .max(500)
    .nullable()
    .meta({ description: 'Codes of the device models on offer; null for all there are.' }),
  payers: z.array(z.enum(PAYERS)).min(1).max(PAYERS.length),
  term_months: z.array(z.int().min(1).max(120)).min(1).max(24),
  subsidy: z
    .int()
    .min(0)
    .max(Number.MAX_SAFE_INTEGER)
    .meta({ description: 'Off the price of each lease; minor units.' }),
  maximum_per_employee: z.int().min(1).max(1000).meta({ description: 'Leases that an employee may have at once.' }),
  residual_percent: percent,
  extension_percent: percent,
  dispatch_days: z.int().min(1).max(365),
  billing_day: z.int().min(1).max(31),
  cancellation_terms: CancellationTermsBody,
  offboarding: z.enum(OFFBOARDING_RULES).meta({ description: 'What becomes of the leases of an employee who leaves.' }),
}
export const StoreBody = z.strictObject(fields).meta({ id: 'StoreBody', description: 'All of the settings.' })
export const StorePart = z
  .strictObject(fields)
  .partial()
  .meta({ id: 'StorePart', description: 'What is absent is as it is to begin with.' })
export const Store = z.object({ client_id: z.string(), ...fields }).meta({ id: 'Store' })

type Written = z.output<typeof StoreBody>

/** The settings with those that are given in place of what they were. */
export function storeOf(given: Partial<Written>, before: StoreSettings): StoreSettings {
  const body = { ...writtenOf(before), ...given }
  return {
    models: body.models,
    payers: body.payers,
    termMonths: body.term_months.toSorted((a, b) => a - b),
    subsidy: body.subsidy,
    maximumPerEmployee: body.maximum_per_employee,
    residualPercent: body.residual_percent,
    extensionPercent: body.extension_percent,
    dispatchDays: body.dispatch_days,
    billingDay: body.billing_day,
    cancellationTerms: cancellationTerms(body.cancellation_terms),
    offboarding: body.offboarding,
  }
}

export function writtenOf(store: StoreSettings): Written {
  return {
    models: store.models,
    payers: store.payers,
    term_months: store.termMonths,
    subsidy: store.subsidy,
    maximum_per_employee: store.maximumPerEmployee,
    residual_percent: store.residualPercent,
    extension_percent: store.extensionPercent,
    dispatch_days: store.dispatchDays,
    billing_day: store.billingDay,
    cancellation_terms: showCancellationTerms(store.cancellationTerms),
    offboarding: store.offboarding,
  }
}
