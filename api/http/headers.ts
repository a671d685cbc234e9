import { z } from 'zod'

/** Headers that requests may carry, for the OpenAPI; who uses them checks them. */
export const IDEMPOTENCY_KEY = /^[\x21-\x7e]{1,255}$/
export const idempotencyHeader = z.object({
  'Idempotency-Key': z.string().regex(IDEMPOTENCY_KEY).optional().meta({
    description: 'Repeats of this request with the same key and body give the same answer and do the work once.',
  }),
})

export const ifMatchHeader = z.object({
  'If-Match': z
    .string()
    .optional()
    .meta({ description: 'The `ETag` of what was read; 412 when it has changed since.' }),
})

export const actionHeaders = z.object({ ...idempotencyHeader.shape, ...ifMatchHeader.shape })
export const ifNoneMatchHeader = z.object({
  'If-None-Match': z.string().optional().meta({ description: 'The `ETag` of what is held; 304 when it is still so.' }),
})
