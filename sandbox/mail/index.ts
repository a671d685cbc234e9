import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import { Faults, faultRoutes } from '../faults.ts'
import { createApp, listen } from '../server.ts'
import { openStore } from '../store.ts'
import { Messages } from './messages.ts'
import { pageRoutes } from './pages.ts'
import { startSmtp } from './smtp.ts'

export type MailSandboxOptions = {
  /** 0: any free port. */
  smtpPort: number
  httpPort: number
  host?: string
  /** Folder for the mails; without it nothing outlives the server. */
  dataDir?: string
}

export type MailSandbox = { smtpUrl: string; url: string; smtpPort: number; port: number; close: () => Promise<void> }

const FAULTS = ['slow', 'lose_answer', 'error_500', 'rate_limit', 'reject', 'down'] as const
const INLINE = ['application/pdf', 'image/png', 'image/jpeg', 'image/gif', 'text/plain']

type ById = { Params: { id: string } }

/** Starts an SMTP server that takes all mail, and a web server that shows it, with controls under `/_sandbox`. */
export async function startMailSandbox(options: MailSandboxOptions): Promise<MailSandbox> {
  const host = options.host ?? '127.0.0.1'
  const db = openStore(options.dataDir, 'mail')
  const messages = new Messages(db)
  const faults = new Faults(FAULTS)
  const app = createApp()
  faultRoutes(app, faults)
  messageRoutes(app, messages)
  pageRoutes(app, messages)
  app.post('/_sandbox/reset', async () => {
    messages.clear()
    faults.clear()
    return { reset: true }
  })

  const smtp = await startSmtp(messages, faults, { host, port: options.smtpPort })
  try {
    const { url, port } = await listen(app, { host, port: options.httpPort })
    const smtpHost = host === '0.0.0.0' ? '127.0.0.1' : host
    const close = async () => {
      await smtp.close()
      await app.close()
      db.close()
    }
    return { smtpUrl: `smtp://${smtpHost}:${smtp.port}`, smtpPort: smtp.port, url, port, close }
  } catch (error) {
    await smtp.close()
    throw error
  }
}

function messageRoutes(app: FastifyInstance, messages: Messages): void {
  const filter = z.strictObject({ to: z.string().min(1).optional(), subject: z.string().min(1).optional() })
  const found = <T>(value: T | undefined): T => {
    if (value === undefined) throw Object.assign(new Error('There is no such mail or attachment'), { statusCode: 404 })
    return value
  }
  app.get('/_sandbox/messages', async (request) => ({ data: messages.list(filter.parse(request.query)) }))
  app.delete('/_sandbox/messages', async () => {
    messages.clear()
    return { data: [] }
  })
  app.get<ById>('/_sandbox/messages/:id', async (request) => found(messages.get(request.params.id)))
  app.get<ById>('/_sandbox/messages/:id/raw', async (request, reply) =>
    reply.type('text/plain; charset=utf-8').send(Buffer.from(found(messages.raw(request.params.id)))),
  )
  app.get<{ Params: { id: string; position: string } }>(
    '/_sandbox/messages/:id/attachments/:position',
    async (request, reply) => {
      const { id, position } = request.params
      const about = found(messages.get(id)?.attachments[Number(position)])
      const content = found(messages.attachment(id, Number(position)))
      const disposition = INLINE.includes(about.content_type) ? 'inline' : 'attachment'
      reply.header('content-disposition', `${disposition}; filename*=UTF-8''${encodeURIComponent(about.filename)}`)
      reply.header('x-content-type-options', 'nosniff')
      return reply.type(about.content_type).send(Buffer.from(content))
    },
  )
}
