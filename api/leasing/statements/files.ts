import { Readable } from 'node:stream'
import type { FastifyReply } from 'fastify'
import { z } from 'zod'
import { allLeaseChanges, allLines } from '../../../db/leasing/read-statements.ts'
import { statementFacts } from '../../../db/leasing/statement-facts.ts'
import type { StatementRow } from '../../../db/leasing/statements.ts'
import { statementTable } from '../../../domain/leasing/statement-lines.ts'
import type { ApiDeps } from '../../deps.ts'
import { answers } from '../../http/answers.ts'
import type { App } from '../../http/app-type.ts'
import { TAGS } from '../../http/docs.ts'
import { pathId } from '../../http/fields.ts'
import { callerOf } from '../../identity/caller.ts'
import { closedFor } from './find.ts'

const pdf = z.custom<Buffer>().meta({ override: { type: 'string', format: 'binary' } })
const csv = z.custom<string>().meta({ override: { type: 'string' } })

/** A closed statement as files, sent as they are made: however many lines there are, few of them are held. */
export function statementFiles(app: App, deps: ApiDeps): void {
  const schema = (summary: string, type: string, shape: z.ZodType) => ({
    tags: [TAGS.statements],
    summary,
    params: pathId,
    response: answers({ 200: { description: 'The file.', content: { [type]: { schema: shape } } } }, 404, 409),
  })
  const partsOf = (statement: StatementRow) => {
    const em = () => deps.orm.em.fork()
    return [allLines(em, statement), allLeaseChanges(em, statement)] as const
  }

  const asPdf = schema('A closed statement as a PDF', 'application/pdf', pdf)
  app.get('/statements/:id.pdf', { schema: asPdf }, async (request, reply) => {
    const em = deps.orm.em.fork()
    const statement = await closedFor(em, callerOf(request), request.params.id)
    const pages = deps.renderStatement(await statementFacts(em, statement), ...partsOf(statement))
    return named(reply, statement, 'pdf', 'inline').type('application/pdf').send(Readable.from(pages))
  })

  const asCsv = schema('A closed statement as a table; amounts are decimal numbers', 'text/csv', csv)
  app.get('/statements/:id.csv', { schema: asCsv }, async (request, reply) => {
    const statement = await closedFor(deps.orm.em.fork(), callerOf(request), request.params.id)
    const rows = Readable.from(statementTable(...partsOf(statement), statement.currency))
    return named(reply, statement, 'csv', 'attachment').type('text/csv; charset=utf-8').send(rows)
  })
}

function named(reply: FastifyReply, { id }: StatementRow, kind: string, shown: 'inline' | 'attachment'): FastifyReply {
  return reply
    .header('content-disposition', `${shown}; filename="${id.replace(/[^\w.-]/g, '_')}.${kind}"`)
    .header('cache-control', 'private, max-age=3600')
}
