import { isDeepStrictEqual } from 'node:util'

/** What a client of an API as one OpenAPI document describes it would stumble over in what another one describes. */

export type Schema = {
  $ref?: string
  type?: string | string[]
  enum?: unknown[]
  const?: unknown
  properties?: Record<string, Schema>
  required?: string[]
  items?: Schema
  additionalProperties?: Schema | boolean
  anyOf?: Schema[]
  oneOf?: Schema[]
  pattern?: string
} & { [bound in Bound]?: number }
type Bound = (typeof LOWER)[number] | (typeof UPPER)[number]
type Content = Record<string, { schema?: Schema }>
export type Operation = {
  parameters?: { name: string; in: string; required?: boolean; schema?: Schema }[]
  requestBody?: { required?: boolean; content: Content }
  responses: Record<string, { content?: Content }>
}
export type Described = {
  paths: Record<string, Record<string, Operation>>
  components?: { schemas?: Record<string, Schema> }
}

const LOWER = ['minimum', 'exclusiveMinimum', 'minLength', 'minItems', 'minProperties'] as const
const UPPER = ['maximum', 'exclusiveMaximum', 'maxLength', 'maxItems', 'maxProperties'] as const

/**
 * Every difference that breaks somebody, in words that begin with the operation. What is asked for may become more, and
 * what is answered may get more fields, statuses and words of an enum; nothing else of either.
 */
export function breakingChanges(before: Described, after: Described): string[] {
  return Object.entries(before.paths).flatMap(([path, methods]) =>
    Object.entries(methods).flatMap(([method, was]) => {
      const is = after.paths[path]?.[method]
      const told = is ? new Comparison(before, after).operations(was, is) : ['is gone']
      return [...new Set(told)].map((what) => `${method.toUpperCase()} ${path}: ${what}`)
    }),
  )
}

type Side = 'request' | 'response'

class Comparison {
  readonly #before: Described
  readonly #after: Described
  /** What was found between two named schemas; nothing, while that is being found: one may refer to itself. */
  readonly #found = new Map<string, string[]>()

  constructor(before: Described, after: Described) {
    this.#before = before
    this.#after = after
  }

  operations(was: Operation, is: Operation): string[] {
    return [...this.#parameters(was, is), ...this.#bodies(was, is), ...this.#responses(was, is)]
  }

  #parameters({ parameters: were = [] }: Operation, { parameters: are = [] }: Operation): string[] {
    const same = (one: { name: string; in: string }) => (other: { name: string; in: string }) =>
      one.name === other.name && one.in === other.in
    const needed = are.filter((is) => is.required && !were.find(same(is))?.required)
    return [
      ...needed.map(({ name }) => `parameter ${name} is needed now`),
      ...were.flatMap((was) => {
        const is = are.find(same(was))
        return is ? this.#schemas(was.schema, is.schema, 'request', was.name) : [`parameter ${was.name} is gone`]
      }),
    ]
  }

  #bodies({ requestBody: was }: Operation, { requestBody: is }: Operation): string[] {
    const needed = is?.required && !was?.required ? ['a body is needed now'] : []
    return was ? [...needed, ...this.#contents(was.content, is?.content ?? {}, 'request', 'body')] : needed
  }

  #responses({ responses: were }: Operation, { responses: are }: Operation): string[] {
    return Object.entries(were).flatMap(([status, { content = {} }]) => {
      const is = are[status]
      if (is) return this.#contents(content, is.content ?? {}, 'response', status)
      return status.startsWith('2') ? [`${status} is gone`] : []
    })
  }

  #contents(were: Content, are: Content, side: Side, at: string): string[] {
    return Object.entries(were).flatMap(([type, { schema }]) => {
      const is = are[type]
      return is ? this.#schemas(schema, is.schema, side, at) : [`${at}: ${type} is gone`]
    })
  }

  #schemas(given: Schema | undefined, wanted: Schema | undefined, side: Side, at: string): string[] {
    const pair = given?.$ref && wanted?.$ref ? `${side} ${given.$ref} ${wanted.$ref}` : null
    const before = pair === null ? undefined : this.#found.get(pair)
    if (before) return before
    if (pair !== null) this.#found.set(pair, [])
    const told = this.#between(given, wanted, side, at)
    if (pair !== null) this.#found.set(pair, told)
    return told
  }

  #between(given: Schema | undefined, wanted: Schema | undefined, side: Side, at: string): string[] {
    const were = alternatives(this.#before, given)
    const are = alternatives(this.#after, wanted)
    const [only, ...more] = were
    const [now, ...others] = are
    if (only && now && more.length + others.length === 0) return this.#single(only, now, side, at)
    const fits = (was: Schema, is: Schema) => this.#single(was, is, side, at).length === 0
    if (side === 'request') {
      return were.every((was) => are.some((is) => fits(was, is))) ? [] : [`${at} takes less`]
    }
    return are.every((is) => were.some((was) => fits(was, is))) ? [] : [`${at} may be something else`]
  }

  #single(was: Schema, is: Schema, side: Side, at: string): string[] {
    const kind = was.type === is.type || (side === 'request' ? is.type : was.type) === undefined
    const told = kind ? [] : [`${at} is ${String(is.type)}, not ${String(was.type)}`]
    if (side === 'request') told.push(...narrower(was, is, at))
    else told.push(...lost(was, is, at))
    for (const [name, schema] of Object.entries(was.properties ?? {})) {
      const now = is.properties?.[name]
      if (now) told.push(...this.#schemas(schema, now, side, `${at}/${name}`))
      else told.push(`${at}/${name} is gone`)
    }
    if (was.items) told.push(...this.#schemas(was.items, is.items ?? {}, side, `${at}/*`))
    if (typeof was.additionalProperties === 'object' && typeof is.additionalProperties === 'object') {
      told.push(...this.#schemas(was.additionalProperties, is.additionalProperties, side, `${at}/*`))
    }
    return told
  }
}

/** What a value may be one of: `null` beside something else is one more. */
function alternatives(document: Described, schema: Schema = {}): Schema[] {
  if (schema.$ref) {
    const name = schema.$ref.split('/').at(-1) ?? ''
    return alternatives(document, document.components?.schemas?.[name])
  }
  const { anyOf, oneOf, ...own } = schema
  const several = anyOf ?? oneOf
  // Patterns and formats of a text that is one of several kinds are for reading.
  if (several && own.type === undefined) return several.flatMap((one) => alternatives(document, one))
  return [own.type ?? []].flat().length > 1 ? [own.type ?? []].flat().map((type) => ({ ...own, type })) : [own]
}

const words = ({ enum: values, const: value }: Schema) => values ?? (value === undefined ? undefined : [value])

/** What was taken before and is refused now. */
function narrower(was: Schema, is: Schema, at: string): string[] {
  const [had, has] = [words(was), words(is)]
  const missing = had?.filter((one) => has && !has.some((other) => isDeepStrictEqual(one, other))) ?? []
  const needed = is.required?.filter((name) => !was.required?.includes(name)) ?? []
  const bounds = [
    ...LOWER.filter((bound) => (is[bound] ?? -Infinity) > (was[bound] ?? -Infinity)),
    ...UPPER.filter((bound) => (is[bound] ?? Infinity) < (was[bound] ?? Infinity)),
  ]
  return [
    ...missing.map((one) => `${at} is no longer ${String(one)}`),
    ...(has && !had ? [`${at} is one of ${has.length} words now`] : []),
    ...needed.map((name) => `${at}/${name} is needed now`),
    ...bounds.map((bound) => `${at} has another ${bound}`),
    ...(is.pattern !== undefined && is.pattern !== was.pattern ? [`${at} has another pattern`] : []),
  ]
}

/** What was always there before and need not be now. */
function lost(was: Schema, is: Schema, at: string): string[] {
  const gone = was.required?.filter((name) => name in (is.properties ?? {}) && !is.required?.includes(name)) ?? []
  return gone.map((name) => `${at}/${name} may be missing`)
}
