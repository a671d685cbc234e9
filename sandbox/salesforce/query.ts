import { SalesforceError } from './errors.ts'
import { asAnswer, type SalesforceRecords } from './records.ts'
import { isKnownType } from './schema.ts'

type Row = Record<string, unknown>
type Condition = (row: Row) => boolean

const SELECT =
  /^\s*SELECT\s+(.+?)\s+FROM\s+(\w+)(?:\s+WHERE\s+(.+?))?(?:\s+ORDER\s+BY\s+(\w+)(\s+DESC|\s+ASC)?(?:\s+NULLS\s+\w+)?)?(?:\s+LIMIT\s+(\d+))?(?:\s+OFFSET\s+(\d+))?\s*$/is
const COMPARISON = /^\s*(\w+)\s*(=|!=|<>|<=|>=|<|>|\bIN\b|\bLIKE\b)\s*(.+?)\s*$/is

function malformed(message: string): SalesforceError {
  return new SalesforceError(400, 'MALFORMED_QUERY', message)
}

/**
 * Answers the simple SELECTs that a client of cases asks: fields or count(), conditions joined by AND, one ORDER BY,
 * LIMIT and OFFSET. What is more than that is refused as MALFORMED_QUERY.
 */
export function query(records: SalesforceRecords, soql: string, version: string): object {
  const parts = SELECT.exec(soql)
  if (!parts) throw malformed(`unexpected token in: ${soql}`)
  const [, select = '', type = '', where, orderBy, direction, limit, offset] = parts
  if (!isKnownType(type)) {
    throw new SalesforceError(400, 'INVALID_TYPE', `sObject type '${type}' is not supported.`)
  }
  const conditions = where ? splitAtAnd(where).map(condition) : []
  const rows = records.all(type).map((record) => ({ record, row: asAnswer(record, version) }))
  const found = rows.filter(({ row }) => conditions.every((holds) => holds(row)))
  if (orderBy) {
    const sign = /desc/i.test(direction ?? '') ? -1 : 1
    found.sort((a, b) => sign * compare(a.row[orderBy], b.row[orderBy]))
  }
  if (/^count\(\)$/i.test(select.trim())) return { totalSize: found.length, done: true, records: [] }
  const from = Number(offset ?? 0)
  const page = found.slice(from, limit === undefined ? undefined : from + Number(limit))
  const all = /^FIELDS\((ALL|STANDARD|CUSTOM)\)$/i.test(select.trim())
  const names = all ? undefined : select.split(',').map((name) => name.trim())
  const answers = page.map(({ record }) => asAnswer(record, version, names))
  return { totalSize: answers.length, done: true, records: answers }
}

/** Cuts at AND outside of quotes. */
function splitAtAnd(where: string): string[] {
  const parts: string[] = []
  let part = ''
  for (const token of where.match(/'(?:\\.|[^'\\])*'|\s+AND\s+|[^']/gis) ?? []) {
    if (/^\s+AND\s+$/i.test(token)) {
      parts.push(part)
      part = ''
    } else part += token
  }
  return [...parts, part]
}

function condition(text: string): Condition {
  const parts = COMPARISON.exec(text.replace(/^\s*\((.*)\)\s*$/s, '$1'))
  if (!parts) throw malformed(`unexpected token in: ${text}`)
  const [, field = '', operator = '', value = ''] = parts
  if (/^in$/i.test(operator)) {
    const list = (/^\((.*)\)$/s.exec(value)?.[1]?.match(/'(?:\\.|[^'\\])*'|[^,\s]+/gs) ?? []).map(literal)
    return (row) => list.some((one) => same(row[field], one))
  }
  const wanted = literal(value)
  if (/^like$/i.test(operator)) {
    const pattern = String(wanted)
      .replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
      .replaceAll('%', '.*')
      .replaceAll('_', '.')
    const expression = new RegExp(`^${pattern}$`, 'is')
    return (row) => expression.test(String(row[field] ?? ''))
  }
  if (operator === '=') return (row) => same(row[field], wanted)
  if (operator === '!=' || operator === '<>') return (row) => !same(row[field], wanted)
  const order = (row: Row) => compare(row[field], wanted)
  if (operator === '<') return (row) => order(row) < 0
  if (operator === '>') return (row) => order(row) > 0
  return operator === '<=' ? (row) => order(row) <= 0 : (row) => order(row) >= 0
}

function literal(text: string): unknown {
  const quoted = /^'((?:\\.|[^'\\])*)'$/s.exec(text)
  if (quoted)
    return quoted[1]?.replace(/\\(.)/gs, (_, letter: string) => ({ n: '\n', r: '\r', t: '\t' })[letter] ?? letter)
  if (/^null$/i.test(text)) return null
  if (/^(true|false)$/i.test(text)) return text.toLowerCase() === 'true'
  if (/^-?\d+(\.\d+)?$/.test(text)) return Number(text)
  if (/^\d{4}-\d\d-\d\d/.test(text)) return text.replace('Z', '+0000')
  throw malformed(`unexpected token: ${text}`)
}

/** Texts are the same whatever their case, as in SOQL. */
function same(a: unknown, b: unknown): boolean {
  if (typeof a === 'string' && typeof b === 'string') return a.toLowerCase() === b.toLowerCase()
  return (a ?? null) === (b ?? null)
}

function compare(a: unknown, b: unknown): number {
  if (typeof a === 'number' && typeof b === 'number') return a - b
  return String(a ?? '').localeCompare(String(b ?? ''))
}
