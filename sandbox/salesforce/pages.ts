import type { FastifyInstance } from 'fastify'
import { at, facts, type Html, html, page } from '../page.ts'
import type { SalesforceRecords, SavedRecord } from './records.ts'

const REFRESH_SECONDS = 5

export type CaseListing = {
  id: string
  external_id: string | null
  fields: SavedRecord['fields']
  history: SavedRecord['history']
  comments: string[]
  created_at: string
  updated_at: string
}

/** All cases, in the order in which they were made. */
export function caseListing(records: SalesforceRecords): CaseListing[] {
  const comments = records.all('CaseComment')
  return records.all('Case').map(({ id, fields, history, created_at, updated_at }) => ({
    id,
    external_id: fields.Tenor_Escalation_Id__c === undefined ? null : String(fields.Tenor_Escalation_Id__c),
    fields,
    history,
    comments: comments.filter((one) => one.fields.ParentId === id).map((one) => String(one.fields.CommentBody)),
    created_at,
    updated_at,
  }))
}

/** The cases, for people: all of them, and each with what was written to it. */
export function pageRoutes(app: FastifyInstance, records: SalesforceRecords): void {
  app.get('/', async (_request, reply) => reply.type('text/html').send(casesPage(caseListing(records).reverse())))
  app.get<{ Params: { number: string } }>('/cases/:number', async (request, reply) => {
    const found = caseListing(records).find(({ fields }) => fields.CaseNumber === request.params.number)
    return reply
      .code(found ? 200 : 404)
      .type('text/html')
      .send(casePage(found))
  })
}

function casesPage(newestFirst: CaseListing[]): string {
  const rows = newestFirst.map(
    ({
      fields,
      external_id,
      created_at,
    }) => html`<tr><td><a href="/cases/${fields.CaseNumber}">${fields.CaseNumber}</a></td>
<td><a href="/cases/${fields.CaseNumber}">${fields.Subject ?? '(no subject)'}</a></td>
<td>${fields.Status}</td><td>${fields.Priority}</td><td><small>${external_id}</small></td><td>${at(created_at)}</td></tr>`,
  )
  const head = html`<tr><th>Case</th><th>Subject</th><th>Status</th><th>Priority</th><th>Escalation</th><th>Opened (UTC)</th></tr>`
  const body = rows.length > 0 ? html`<table>${head}${rows}</table>` : html`<p class="muted">No cases yet.</p>`
  return page('Cases at the Salesforce sandbox', body, REFRESH_SECONDS)
}

function casePage(found: CaseListing | undefined): string {
  const back = html`<p><a href="/">All cases</a></p>`
  if (!found) return page('No such case', back)
  const { fields, comments, created_at, updated_at } = found
  const known = facts([
    ['Status', fields.Status],
    ['Priority', fields.Priority],
    ['Opened (UTC)', at(created_at)],
    ['Changed (UTC)', at(updated_at)],
  ])
  const said = comments.map((text) => html`<pre>${text}</pre>`)
  return page(
    `Case ${fields.CaseNumber}: ${fields.Subject ?? '(no subject)'}`,
    html`${back}${known}<pre>${fields.Description}</pre>
${said.length > 0 ? html`<h2>Comments</h2>${said}` : ''}
<h2>What was written to it</h2><table>${changesOf(found)}</table>`,
    REFRESH_SECONDS,
  )
}

/** Every write as a row, with only the fields that it changed. */
function changesOf({ history }: CaseListing): Html[] {
  const before: Record<string, unknown> = {}
  return history.map(({ at: moment, action, fields }) => {
    const changed = Object.entries(fields).filter(([name, value]) => before[name] !== value)
    Object.assign(before, fields)
    const rows = facts(changed.map(([name, value]) => [name, html`<pre>${value}</pre>`]))
    return html`<tr><td>${at(moment)}</td><td>${action}</td><td>${changed.length > 0 ? rows : 'nothing new'}</td></tr>`
  })
}
