import type { EntityManager } from '@mikro-orm/postgresql'
import { z } from 'zod'
import { instantOf } from '../../../db/columns.ts'
import { modelsFor } from '../../../db/leasing/models.ts'
import { addUnits, modelsByImei } from '../../../db/leasing/units.ts'
import { imeiOf } from '../../../domain/leasing/imei.ts'
import type { Instant } from '../../../domain/plans/terms.ts'
import type { ApiDeps } from '../../deps.ts'
import { json, writeAnswers } from '../../http/answers.ts'
import type { App } from '../../http/app-type.ts'
import { CSV_LIMIT, csvBody, csvRoutes, ImportReport, type Line, readCsv } from '../../http/csv.ts'
import { TAGS } from '../../http/docs.ts'
import { idempotencyHeader } from '../../http/headers.ts'
import { callerOf } from '../../identity/caller.ts'
import { unitId } from './device-routes.ts'
import { imei, modelCode } from './shapes.ts'

const UnitLine = z.object({ imei: imei.transform((text) => imeiOf(text) ?? ''), model_code: modelCode })
type Unit = z.output<typeof UnitLine>
type Report = z.output<typeof ImportReport>

/** Takes in a delivery of units: those lines that are sound, each unit once. */
export function deviceImportRoute(app: App, deps: ApiDeps): void {
  const schema = {
    tags: [TAGS.stock],
    summary: 'Take units in by CSV, with a report by line',
    headers: idempotencyHeader,
    ...csvBody(
      'Columns `imei` and `model_code`, named in the first line.',
      'imei,model_code\n490154203237518,pixel-9-128',
    ),
    response: writeAnswers({ 200: json(ImportReport, 'What became of each line.') }, 409, 422),
  }
  csvRoutes(app, (csv) => {
    csv.post('/devices/import', { schema, bodyLimit: CSV_LIMIT }, async (request) => {
      const { good, rejected } = readCsv(request.body, UnitLine)
      const { tenant } = callerOf(request)
      const now = instantOf(deps.now())
      const report = await deps.orm.em.fork().transactional((em) => takeIn(em, tenant, good, now))
      const all = [...rejected, ...report.rejected].sort((a, b) => a.line - b.line)
      return { ...report, rejected: all }
    })
  })
}

async function takeIn(em: EntityManager, tenant: string, lines: Line<Unit>[], now: Instant): Promise<Report> {
  const models = await modelsFor(em, tenant, [...new Set(lines.map(({ value }) => value.model_code))])
  const known = await modelsByImei(
    em,
    tenant,
    lines.map(({ value }) => value.imei),
  )
  const fresh = new Map<string, string>()
  const rejected: Report['rejected'] = []
  for (const { line, value } of lines) {
    const model = known.get(value.imei) ?? fresh.get(value.imei)
    if (!models.has(value.model_code)) rejected.push(refused(line, '/model_code', 'is no device model'))
    else if (model === undefined) fresh.set(value.imei, value.model_code)
    else if (model !== value.model_code) rejected.push(refused(line, '/imei', `is a unit of model ${model} already`))
  }
  const units = [...fresh].map(([number, code]) => ({ id: unitId(tenant, number), imei: number, modelCode: code }))
  const accepted = await addUnits(em, tenant, units, now)
  return { accepted, rejected, duplicates: lines.length - accepted - rejected.length }
}

function refused(line: number, pointer: string, message: string): Report['rejected'][number] {
  return { line, errors: [{ pointer, message }] }
}
