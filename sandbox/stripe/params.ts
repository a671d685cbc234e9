import { z } from 'zod'
import { type Refusal, refuseParameter } from './errors.ts'

type Form = { [name: string]: string | Form }

/** Decodes `a[b][0]=c` to `{ a: { b: ['c'] } }`; all values are strings. */
export function decodeForm(text: string): Record<string, unknown> {
  const root: Form = Object.create(null)
  for (const [name, value] of new URLSearchParams(text)) {
    const path = name.split('[').map((part, i) => (i === 0 ? part : part.replace(/\]$/, '')))
    const last = path.pop() ?? name
    let at = root
    for (const part of path) {
      const next = at[part]
      const inner: Form = typeof next === 'object' ? next : Object.create(null)
      at[part] = inner
      at = inner
    }
    at[last === '' ? String(Object.keys(at).length) : last] = value
  }
  return listsFromIndexes(root) as Record<string, unknown>
}

function listsFromIndexes(value: string | Form): unknown {
  if (typeof value === 'string') return value
  const entries = Object.entries(value).map(([key, inner]) => [key, listsFromIndexes(inner)] as const)
  const isList = entries.length > 0 && entries.every(([key], i) => key === String(i))
  return isList ? entries.map(([, inner]) => inner) : Object.fromEntries(entries)
}

function custom(context: z.RefinementCtx, message: string, code?: string): typeof z.NEVER {
  context.addIssue({ code: 'custom', message, params: { code } })
  return z.NEVER
}

export const integer = z.string().transform((text, context) => {
  if (/^-?\d{1,15}$/.test(text)) return Number(text)
  return custom(context, `Invalid integer: ${text}`, 'parameter_invalid_integer')
})

export const positive = integer.transform((value, context) =>
  value >= 1 ? value : custom(context, 'This value must be greater than or equal to 1.', 'parameter_invalid_integer'),
)

export const flag = z.string().transform((text, context) => {
  if (text === 'true' || text === 'false') return text === 'true'
  return custom(context, `Invalid boolean: ${text}`)
})

export const filled = z.string().min(1).max(5000)

/** Set, changed or (by an empty string) taken away, as for every text that an update may clear. */
export const clearable = z
  .string()
  .max(5000)
  .transform((text) => (text === '' ? null : text))

/** Up to 50 keys of 40 characters with values of 500; an empty value takes the key away, an empty text all of them. */
export const metadata = z.union([
  z.literal('').transform(() => null),
  z.record(z.string().min(1).max(40), z.string().max(500)).refine((map) => Object.keys(map).length <= 50, {
    message: 'Metadata may have at most 50 keys.',
  }),
])

export const expand = z.array(z.string()).optional()

/** Taken without a look: parameters Stripe knows and the sandbox has no use for. */
export function ignored<Name extends string>(...names: Name[]): Record<Name, z.ZodOptional<z.ZodUnknown>> {
  return Object.fromEntries(names.map((name) => [name, z.unknown().optional()])) as Record<
    Name,
    z.ZodOptional<z.ZodUnknown>
  >
}

export const created = z.union([
  integer.transform((value) => ({ gte: value, lte: value })),
  z.strictObject({ gt: integer, gte: integer, lt: integer, lte: integer }).partial(),
])

export const paging = {
  limit: integer
    .refine((value) => value >= 1 && value <= 100, { message: 'limit must be between 1 and 100' })
    .optional(),
  starting_after: filled.optional(),
  ending_before: filled.optional(),
  expand,
}

/** Applies a metadata parameter to what an object has. */
export function mergeMetadata(
  current: Record<string, string> | null,
  change: Record<string, string> | null | undefined,
): Record<string, string> {
  if (change === null) return {}
  const merged = { ...current, ...change }
  return Object.fromEntries(Object.entries(merged).filter(([, value]) => value !== ''))
}

/** Says the first thing that is wrong, as Stripe does. */
export function refusalOf(error: z.ZodError): Refusal {
  const issue = flattened(error.issues)
  const [head = '', ...rest] = issue.path.map(String)
  const at = head + rest.map((part) => `[${part}]`).join('')
  if (issue.code === 'unrecognized_keys') {
    const key = issue.keys[0] ?? ''
    const param = at === '' ? key : `${at}[${key}]`
    return refuseParameter(`Received unknown parameter: ${param}`, { code: 'parameter_unknown', param })
  }
  if (issue.code === 'invalid_type' && issue.message.includes('received undefined')) {
    return refuseParameter(`Missing required param: ${at}.`, { code: 'parameter_missing', param: at })
  }
  if (issue.code === 'too_small' && issue.origin === 'string') {
    const message = `You passed an empty string for '${at}'. We assume empty values are an attempt to unset a parameter; however '${at}' cannot be unset.`
    return refuseParameter(message, { code: 'parameter_invalid_empty', param: at })
  }
  const code = issue.code === 'custom' ? issue.params?.code : undefined
  return refuseParameter(issue.message, { ...(code ? { code } : {}), param: at })
}

/** Unknown names before wrong values; of a union, the complaint of the member that came furthest. */
function flattened(issues: z.core.$ZodIssue[]): z.core.$ZodIssue {
  const issue = (issues.find(({ code }) => code === 'unrecognized_keys') ?? issues[0]) as z.core.$ZodIssue
  if (issue.code !== 'invalid_union') return issue
  const member = issue.errors.find((errors) => errors[0] && errors[0].path.length > 0) ?? issue.errors.at(-1)
  if (!member?.[0]) return issue
  const inner = flattened(member)
  return { ...inner, path: [...issue.path, ...inner.path] }
}
