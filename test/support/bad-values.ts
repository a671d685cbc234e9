/** Bad values for every kind of field, and where the fields of a body are, read off an OpenAPI document. */

export type Json = null | boolean | number | string | Json[] | { [name: string]: Json }
export type Schema = {
  $ref?: string
  type?: string
  properties?: Record<string, Schema>
  required?: string[]
  items?: Schema
  minimum?: number
  maximum?: number
  minLength?: number
  maxLength?: number
  pattern?: string
  enum?: string[]
  oneOf?: Schema[]
  anyOf?: Schema[]
  additionalProperties?: boolean | Schema
}
export type Parameter = { name: string; in: 'path' | 'query' | 'header'; schema: Schema }
export type Operation = {
  parameters?: Parameter[]
  requestBody?: { content: Record<string, { schema: Schema }> }
  security?: unknown[]
}
export type Document = {
  paths: Record<string, Record<string, Operation>>
  components: { schemas: Record<string, Schema> }
}

export function resolved(document: Document, schema: Schema): Schema {
  if (!schema.$ref) return schema
  return document.components.schemas[schema.$ref.split('/').at(-1) ?? ''] ?? {}
}

/** Every field of a body that an example has, with its schema; of a union, the variant that the example is. */
export function fieldsOf(
  document: Document,
  schema: Schema,
  example: Json,
  path: (string | number)[] = [],
): { path: (string | number)[]; schema: Schema; required: boolean }[] {
  const whole = resolved(document, schema)
  const variant =
    (whole.oneOf ?? whole.anyOf)?.map((one) => resolved(document, one)).find((one) => fits(one, example)) ?? whole
  if (Array.isArray(example)) {
    const item = { path: [...path, 0], schema: resolved(document, variant.items ?? {}), required: false }
    return example.length > 0 ? [item, ...fieldsOf(document, variant.items ?? {}, example[0] ?? null, item.path)] : []
  }
  if (typeof example !== 'object' || example === null) return []
  return Object.entries(variant.properties ?? {}).flatMap(([name, property]) => {
    if (!(name in example)) return []
    const field = {
      path: [...path, name],
      schema: resolved(document, property),
      required: variant.required?.includes(name) ?? false,
    }
    return [field, ...fieldsOf(document, property, example[name] ?? null, field.path)]
  })
}

function fits(schema: Schema, example: Json): boolean {
  if (Array.isArray(example)) return schema.type === 'array'
  if (typeof example === 'object' && example !== null) {
    return schema.type === 'object' && Object.keys(example).every((name) => name in (schema.properties ?? {}))
  }
  return schema.type === typeof example
}

export const LONG = 'x'.repeat(20_000)
export const NEVER: [what: string, json: string][] = [
  ['NUL', '"a\\u0000b"'],
  ['half a surrogate pair', '"a\\ud800"'],
  ['1e400', '1e400'],
  ['an integer beyond what is exact', '9007199254740993'],
  ['a huge integer', '9'.repeat(400)],
  ['nesting', `${'['.repeat(5000)}${']'.repeat(5000)}`],
]
export const MAYBE: [what: string, json: string][] = [
  ['injection', JSON.stringify(`'; drop table plans; -- <script>alert(1)</script> \${7*7} {{7*7}} ../../etc/passwd`)],
  ['Unicode', JSON.stringify('Zoë 漢字 👩‍👩‍👧 ‮abc')],
  ['a line feed and a header', JSON.stringify('a\r\nBcc: x@example.com')],
]
export const ODD = [
  'null',
  'true',
  '-1',
  '0',
  '1.5',
  '""',
  '" "',
  '[]',
  '{}',
  '[null]',
  '"nope"',
  '31',
  '"2027-02-30"',
  JSON.stringify(LONG),
]

/** Whether a value of the wrong type or out of range must be refused. */
export function mustRefuse(document: Document, schema: Schema, json: string): boolean {
  const value = JSON.parse(json) as Json
  const variants = schema.anyOf ?? schema.oneOf
  if (variants) return variants.map((one) => resolved(document, one)).every((one) => mustRefuse(document, one, json))
  if (schema.enum) return !schema.enum.includes(value as string)
  switch (schema.type) {
    case 'integer':
    case 'number':
      return (
        typeof value !== 'number' ||
        (schema.type === 'integer' && !Number.isInteger(value)) ||
        value < (schema.minimum ?? Number.NEGATIVE_INFINITY) ||
        value > (schema.maximum ?? Number.POSITIVE_INFINITY)
      )
    case 'string':
      return (
        typeof value !== 'string' ||
        value.length < (schema.minLength ?? 0) ||
        value.length > (schema.maxLength ?? Number.POSITIVE_INFINITY) ||
        (schema.pattern !== undefined && !new RegExp(schema.pattern, 'u').test(value))
      )
    case 'boolean':
      return typeof value !== 'boolean'
    case 'array':
      return !Array.isArray(value)
    case 'object':
      return typeof value !== 'object' || value === null || Array.isArray(value)
    case 'null':
      return value !== null
    default:
      return false
  }
}

/** The body as text with one value put in place of another, since JSON.stringify cannot write most of these. */
export function withValue(body: Json, path: (string | number)[], json: string | undefined): string {
  const mark = '@@here@@'
  const copy = structuredClone(body) as Record<string | number, Json>
  const parent = path.slice(0, -1).reduce<Record<string | number, Json>>((at, part) => at[part] as never, copy)
  const last = path.at(-1) ?? ''
  if (json === undefined) delete parent[last]
  else parent[last] = mark
  return JSON.stringify(copy).replace(`"${mark}"`, () => json ?? '')
}
