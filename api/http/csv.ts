import { CsvError, parse } from 'csv-parse/sync'
import { z } from 'zod'
import type { App } from './app-type.ts'
import { decoded } from './body.ts'
import { type FieldError, invalidRequest, Problem, pointerTo } from './problem.ts'

/** Bulk imports: a body in CSV (RFC 4180) with a header line, and a report by line. */

/** Of such a body; 20,000 lines of what people have about each other fit well. */
export const CSV_LIMIT = 4 * 1024 * 1024
const MOST_LINES = 20_000

/**
 * The routes that are added here take CSV, and nothing else. They say `schema: { ...csvBody(…) }` and
 * `bodyLimit: CSV_LIMIT`, and read what `request.body` then is by `readCsv`.
 */
export function csvRoutes(app: App, add: (app: App) => void): void {
  void app.register(async (scope) => {
    scope.removeAllContentTypeParsers()
    scope.addContentTypeParser('text/csv', { parseAs: 'buffer', bodyLimit: CSV_LIMIT }, (request, raw, done) => {
      const bytes = Buffer.from(raw)
      request.rawBody = bytes
      const text = decoded(bytes)
      if (text === undefined) return done(new Problem(400, 'malformed_body', 'The body is not valid UTF-8.'))
      done(null, text)
    })
    scope.addContentTypeParser('*', (_request, _payload, done) => {
      done(new Problem(415, 'unsupported_media_type', 'The body is CSV here: Content-Type: text/csv.'))
    })
    scope.setErrorHandler((error) => {
      throw (error as { code?: string }).code === 'FST_ERR_CTP_BODY_TOO_LARGE' ? tooLarge() : error
    })
    add(scope)
  })
}

/** For a route's schema: which columns there are is told in words. */
export const csvBody = (description: string, example: string) => ({
  consumes: ['text/csv'],
  body: z.string().min(1, 'is required').meta({ description, example }),
})

/** What became of an import. */
export const ImportReport = z
  .object({
    accepted: z.int().meta({ description: 'Lines of which something new was made.' }),
    rejected: z.array(
      z.object({
        line: z.int().meta({ description: 'As an editor counts them: the header is line 1.' }),
        errors: z.array(z.object({ pointer: z.string(), message: z.string() })),
      }),
    ),
    duplicates: z.int().meta({ description: 'Lines of what was there already, or stood further up.' }),
  })
  .meta({ id: 'ImportReport', description: 'Sent again, an import makes nothing twice.' })
export type Rejected = z.output<typeof ImportReport>['rejected'][number]

export type Line<Value> = { line: number; value: Value }
/** The lines that fit, and what is wrong with each of the others. */
export type Lines<Value> = { good: Line<Value>[]; rejected: Rejected[] }

/**
 * Reads CSV by its header line, which names the fields of `shape` in any order. Spaces around values do not count, an
 * empty value is one that is missing, and empty lines are passed over. Throws the problem to answer with when it is no
 * CSV, lacks a column or has one that is unknown, or is too long.
 */
export function readCsv<Shape extends z.ZodObject>(text: string, shape: Shape): Lines<z.output<Shape>> {
  const [header, ...records] = recordsOf(text)
  refuseColumns(header?.record ?? [], shape)
  if (records.length > MOST_LINES) throw tooLong()
  const lines: Lines<z.output<Shape>> = { good: [], rejected: [] }
  for (const { record, line } of records) {
    const errors = record.length > (header?.record.length ?? 0) ? [{ pointer: '', message: 'has too many values' }] : []
    const given = (header?.record ?? []).flatMap((name, k) => (record[k] ? [[name, record[k]]] : []))
    const read = shape.safeParse(Object.fromEntries(given))
    if (read.success && errors.length === 0) lines.good.push({ line, value: read.data })
    else lines.rejected.push({ line, errors: [...errors, ...(read.error?.issues.map(fieldError) ?? [])] })
  }
  return lines
}

type Numbered = { record: string[]; line: number }

function recordsOf(text: string): Numbered[] {
  try {
    const numbered: Numbered[] = []
    parse(text, {
      bom: true,
      trim: true,
      skip_empty_lines: true,
      relax_column_count: true,
      to: MOST_LINES + 2,
      on_record: (record: string[], { lines }) => void numbered.push({ record, line: lines }),
    })
    return numbered
  } catch (error) {
    if (!(error instanceof CsvError)) throw error
    throw new Problem(400, 'malformed_body', `The body is no CSV that can be read: ${error.message}`, { cause: error })
  }
}

function refuseColumns(header: string[], shape: z.ZodObject): void {
  const errors: FieldError[] = []
  for (const name of new Set(header)) {
    if (!Object.hasOwn(shape.shape, name)) errors.push({ pointer: pointerTo([name]), message: 'is not a column here' })
    else if (header.filter((one) => one === name).length > 1) {
      errors.push({ pointer: pointerTo([name]), message: 'is there more than once in the header line' })
    }
  }
  for (const [name, field] of Object.entries(shape.shape)) {
    const isNeeded = !(field as z.ZodType).safeParse(undefined).success
    if (isNeeded && !header.includes(name)) {
      errors.push({ pointer: pointerTo([name]), message: 'is missing in the header line' })
    }
  }
  if (errors.length > 0) throw invalidRequest(errors)
}

function fieldError({ path, message, code }: z.core.$ZodIssue): FieldError {
  const isMissing = code === 'invalid_type' && message.endsWith('received undefined')
  return { pointer: pointerTo(path), message: isMissing ? 'is required' : message }
}

const tooLong = () => new Problem(413, 'body_too_large', `An import has ${MOST_LINES} lines at most: send it in parts.`)
const tooLarge = () =>
  new Problem(413, 'body_too_large', `An import has ${CSV_LIMIT / 1024 / 1024} MiB at most: send it in parts.`)
