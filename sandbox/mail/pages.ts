import type { FastifyInstance } from 'fastify'
import { at, html, page } from '../page.ts'
import type { Message, Messages } from './messages.ts'

type ById = { Params: { id: string } }

const REFRESH_SECONDS = 3
const SHOWN = 300

/** The inbox for people. */
export function pageRoutes(app: FastifyInstance, messages: Messages): void {
  app.get('/', async (_request, reply) => reply.type('text/html').send(inboxPage(messages.list().reverse())))
  app.get<ById>('/messages/:id', async (request, reply) => {
    const message = messages.get(request.params.id)
    return reply
      .code(message ? 200 : 404)
      .type('text/html')
      .send(messagePage(message))
  })
  app.get<ById>('/messages/:id/html', async (request, reply) => {
    const message = messages.get(request.params.id)
    // What a stranger wrote is shown without scripts, forms or an origin of its own.
    reply.header(
      'content-security-policy',
      "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src http: data:",
    )
    return reply
      .code(message ? 200 : 404)
      .type('text/html')
      .send(message ? withPictures(message) : '')
  })
}

/** Pictures that came as attachments are shown from there. */
function withPictures(message: Message): string {
  return message.attachments.reduce(
    (text, { content_id, url }) => (content_id ? text.replaceAll(`cid:${content_id}`, url) : text),
    message.html,
  )
}

function inboxPage(newestFirst: Message[]): string {
  const rows = newestFirst.slice(0, SHOWN).map(
    (one) => html`<tr><td>${at(one.received_at)}</td><td>${one.to.join(', ')}</td>
<td><a href="/messages/${one.id}">${one.subject || '(no subject)'}</a></td>
<td>${one.attachments.map(({ filename, url }) => html`<a href="${url}">${filename}</a> `)}</td>
<td>${one.times > 1 ? `${one.times} times` : ''}</td></tr>`,
  )
  const head = html`<tr><th>Time (UTC)</th><th>To</th><th>Subject</th><th>Attached</th><th></th></tr>`
  const body = rows.length > 0 ? html`<table>${head}${rows}</table>` : html`<p class="muted">No mail yet.</p>`
  return page('Inbox', body, REFRESH_SECONDS)
}

function messagePage(message: Message | undefined): string {
  if (!message) return page('No such mail', html`<p><a href="/">Back to the inbox</a></p>`)
  const { id, from, to, received_at, attachments, text } = message
  const pdfs = attachments.filter(({ content_type }) => content_type === 'application/pdf')
  return page(
    message.subject || '(no subject)',
    html`<p><a href="/">Inbox</a> · <a href="/_sandbox/messages/${id}/raw">source</a></p>
<p>From ${from}<br>To ${to.join(', ')}<br>${at(received_at)} UTC${message.times > 1 ? `, arrived ${message.times} times` : ''}</p>
<p>${attachments.map(({ filename, url, size }) => html`<a href="${url}">${filename}</a> <small>${Math.ceil(size / 1024)} KB</small> `)}</p>
${message.html ? html`<iframe sandbox src="/messages/${id}/html" title="HTML"></iframe>` : ''}
<h2>Text</h2><pre>${text}</pre>
${pdfs.map(({ filename, url }) => html`<h2>${filename}</h2><iframe src="${url}" title="${filename}"></iframe>`)}`,
  )
}
