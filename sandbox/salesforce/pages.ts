import type { FastifyInstance } from 'fastify'
import { html, page } from '../page.ts'
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

/** The cases, for people. */
export function pageRoutes(app: FastifyInstance, records: SalesforceRecords): void {
  app.get('/', async (_request, reply) => {
    const rows = caseListing(records)
      .reverse()
      .map(
        ({ fields, external_id, created_at, history }) => html`<tr><td>${fields.CaseNumber}</td>
<td><details><summary>${fields.Subject ?? '(no subject)'}</summary><pre>${fields.Description}</pre><pre class="muted">${JSON.stringify(history, null, 2)}</pre></details></td>
<td>${fields.Status}</td><td>${fields.Priority}</td><td>${external_id}</td><td>${created_at.slice(0, 19).replace('T', ' ')}</td></tr>`,
      )
    const head = html`<tr><th>Case</th><th>Subject</th><th>Status</th><th>Priority</th><th>Escalation</th><th>Opened (UTC)</th></tr>`
    const body = rows.length > 0 ? html`<table>${head}${rows}</table>` : html`<p class="muted">No cases yet.</p>`
    return reply.type('text/html').send(page('Cases at the Salesforce sandbox', body, REFRESH_SECONDS))
  })
}
