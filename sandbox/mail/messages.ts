import { randomUUID } from 'node:crypto'
import type { DatabaseSync } from 'node:sqlite'
import PostalMime, { type Attachment } from 'postal-mime'
import { inTransaction } from '../store.ts'

export type StoredAttachment = {
  filename: string
  content_type: string
  size: number
  content_id: string | null
  url: string
}

/** A mail as a mailbox shows it: `times` says how often it arrived, `received_at` when first. */
export type Message = {
  id: string
  message_id: string
  /** Where the envelope said it should go. */
  to: string[]
  from: string
  subject: string
  text: string
  html: string
  headers: Record<string, string>
  attachments: StoredAttachment[]
  received_at: string
  times: number
}

type Envelope = { from: string; to: string[] }
type Filter = { to?: string | undefined; subject?: string | undefined }

/** The mails that arrived, each once by its Message-ID and recipients. */
export class Messages {
  readonly #db: DatabaseSync

  constructor(db: DatabaseSync) {
    this.#db = db
    db.exec(`
      CREATE TABLE IF NOT EXISTS messages (seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE,
        message_id TEXT NOT NULL, recipients TEXT NOT NULL, body TEXT NOT NULL, raw BLOB NOT NULL,
        times INTEGER NOT NULL, UNIQUE (message_id, recipients));
      CREATE TABLE IF NOT EXISTS attachments (message TEXT NOT NULL, position INTEGER NOT NULL, content BLOB NOT NULL,
        PRIMARY KEY (message, position))`)
  }

  /** Parses and keeps a mail; one that is here already is only counted. It is on disk when this resolves. */
  async receive(raw: Buffer, envelope: Envelope): Promise<void> {
    const mail = await PostalMime.parse(raw, { attachmentEncoding: 'arraybuffer' })
    const id = randomUUID()
    const message: Omit<Message, 'times'> = {
      id,
      message_id: mail.messageId ?? `<${id}@no-message-id>`,
      to: envelope.to.map((address) => address.toLowerCase()).sort(),
      from: mail.from?.address ?? envelope.from,
      subject: mail.subject ?? '',
      text: mail.text ?? '',
      html: mail.html ?? '',
      headers: Object.fromEntries(mail.headers.map(({ key, value }) => [key, value])),
      attachments: mail.attachments.map((attachment, position) => described(attachment, id, position)),
      received_at: new Date().toISOString(),
    }
    inTransaction(this.#db, () => this.#keep(message, raw, mail.attachments.map(contentOf)))
  }

  #keep(message: Omit<Message, 'times'>, raw: Buffer, contents: Uint8Array[]): void {
    const recipients = message.to.join(' ')
    const again = this.#db
      .prepare('UPDATE messages SET times = times + 1 WHERE message_id = ? AND recipients = ?')
      .run(message.message_id, recipients)
    if (again.changes > 0) return
    this.#db
      .prepare('INSERT INTO messages (id, message_id, recipients, body, raw, times) VALUES (?, ?, ?, ?, ?, 1)')
      .run(message.id, message.message_id, recipients, JSON.stringify(message), raw)
    const insert = this.#db.prepare('INSERT INTO attachments VALUES (?, ?, ?)')
    for (const [position, content] of contents.entries()) insert.run(message.id, position, content)
  }

  /** In the order in which they arrived. `to`: a whole address; `subject`: a part, in any case. */
  list({ to, subject }: Filter = {}): Message[] {
    const wantedTo = to?.toLowerCase()
    const wantedSubject = subject?.toLowerCase()
    return this.#db
      .prepare('SELECT body, times FROM messages ORDER BY seq')
      .all()
      .map(messageFrom)
      .filter((one) => wantedTo === undefined || one.to.includes(wantedTo))
      .filter((one) => wantedSubject === undefined || one.subject.toLowerCase().includes(wantedSubject))
  }

  get(id: string): Message | undefined {
    const row = this.#db.prepare('SELECT body, times FROM messages WHERE id = ?').get(id)
    return row && messageFrom(row)
  }

  raw(id: string): Uint8Array | undefined {
    return this.#db.prepare('SELECT raw FROM messages WHERE id = ?').get(id)?.raw as Uint8Array | undefined
  }

  attachment(message: string, position: number): Uint8Array | undefined {
    const row = this.#db
      .prepare('SELECT content FROM attachments WHERE message = ? AND position = ?')
      .get(message, position)
    return row?.content as Uint8Array | undefined
  }

  clear(): void {
    this.#db.exec('DELETE FROM messages; DELETE FROM attachments')
  }
}

function messageFrom(row: Record<string, unknown>): Message {
  return { ...(JSON.parse(String(row.body)) as Omit<Message, 'times'>), times: Number(row.times) }
}

function contentOf({ content }: Attachment): Uint8Array {
  return typeof content === 'string' ? Buffer.from(content) : new Uint8Array(content)
}

function described(attachment: Attachment, message: string, position: number): StoredAttachment {
  return {
    filename: attachment.filename ?? `attachment-${position + 1}`,
    content_type: attachment.mimeType,
    size: contentOf(attachment).byteLength,
    content_id: attachment.contentId?.replace(/^<|>$/g, '') ?? null,
    url: `/_sandbox/messages/${message}/attachments/${position}`,
  }
}
