import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import nodemailer from 'nodemailer'
import { type MailSandbox, startMailSandbox } from './index.ts'
import type { Message } from './messages.ts'

let inbox: MailSandbox
beforeEach(async () => {
  inbox = await startMailSandbox({ smtpPort: 0, httpPort: 0 })
})
afterEach(() => inbox.close())

const MAIL = {
  from: { name: 'Tenor', address: 'billing@tenor.test' },
  to: { name: 'Ada', address: 'Ada@Example.com' },
  subject: 'Your receipt — 5 000 ₣',
  text: 'Paid: 50.00',
  html: '<p>Paid: <b>50.00</b></p><script>alert(1)</script>',
  messageId: '<receipt-1@tenor.test>',
  attachments: [{ filename: 'receipt.pdf', content: Buffer.from('%PDF-1.7 receipt'), contentType: 'application/pdf' }],
}
const send = (more: object = {}, url = inbox.smtpUrl) => nodemailer.createTransport(url).sendMail({ ...MAIL, ...more })
const list = async (query = '', at = inbox): Promise<Message[]> => {
  const answer = (await (await fetch(`${at.url}/_sandbox/messages${query}`)).json()) as { data: Message[] }
  return answer.data
}
const fault = (body: object) =>
  fetch(`${inbox.url}/_sandbox/faults`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })

describe('the inbox', () => {
  it('shows a mail with its texts and attachments', async () => {
    await send()
    const [mail] = await list()
    expect(mail).toMatchObject({
      message_id: '<receipt-1@tenor.test>',
      to: ['ada@example.com'],
      from: 'billing@tenor.test',
      subject: 'Your receipt — 5 000 ₣',
      text: expect.stringContaining('Paid: 50.00'),
      html: expect.stringContaining('<b>50.00</b>'),
      attachments: [{ filename: 'receipt.pdf', content_type: 'application/pdf', size: 16 }],
      times: 1,
    })
    const pdf = await fetch(inbox.url + mail?.attachments[0]?.url)
    expect(pdf.headers.get('content-type')).toBe('application/pdf')
    expect(pdf.headers.get('content-disposition')).toMatch(/^inline/)
    expect(await pdf.text()).toBe('%PDF-1.7 receipt')
  })

  it('has a page for people, on which a mail runs no scripts', async () => {
    await send({ subject: '<img src=x>' })
    const [mail] = await list()
    const start = await (await fetch(inbox.url)).text()
    expect(start).toContain('&lt;img src=x&gt;')
    expect(start).toContain(`/messages/${mail?.id}`)
    const one = await (await fetch(`${inbox.url}/messages/${mail?.id}`)).text()
    expect(one).toContain('<iframe sandbox src=')
    expect(one).not.toContain('alert(1)')
    const shown = await fetch(`${inbox.url}/messages/${mail?.id}/html`)
    expect(shown.headers.get('content-security-policy')).toMatch(/^sandbox; default-src 'none'/)
    expect((await fetch(`${inbox.url}/messages/nothing`)).status).toBe(404)
  })

  it('shows the same Message-ID once and counts how often it came', async () => {
    await send()
    await send()
    await send({ to: 'bob@example.com' })
    expect(await list()).toMatchObject([{ times: 2 }, { to: ['bob@example.com'], times: 1 }])
  })

  it('is searched by recipient and subject, and emptied', async () => {
    await send()
    await send({ to: 'bob@example.com', subject: 'Reminder', messageId: '<2@tenor.test>' })
    expect(await list('?to=ada@example.com')).toMatchObject([{ message_id: MAIL.messageId }])
    expect(await list('?subject=remind')).toMatchObject([{ to: ['bob@example.com'] }])
    expect(await list('?to=da@example.com')).toEqual([])
    expect((await fetch(`${inbox.url}/_sandbox/messages?form=x`)).status).toBe(400)
    await fetch(`${inbox.url}/_sandbox/messages`, { method: 'DELETE' })
    expect(await list()).toEqual([])
  })

  it('takes mail with a login, too', async () => {
    const url = inbox.smtpUrl.replace('smtp://', 'smtp://user:secret@')
    await send({}, url)
    expect(await list()).toHaveLength(1)
  })

  it('keeps its mails over a restart', async () => {
    const dataDir = await mkdtemp(join(tmpdir(), 'mail-sandbox-'))
    const before = await startMailSandbox({ smtpPort: 0, httpPort: 0, dataDir })
    await send({}, before.smtpUrl)
    await before.close()
    const after = await startMailSandbox({ smtpPort: 0, httpPort: 0, dataDir })
    expect(await list('', after)).toMatchObject([{ message_id: MAIL.messageId }])
    await after.close()
    await rm(dataDir, { recursive: true })
  })
})

/** How nodemailer says that its connection was cut. */
const CUT = /clos|reset|ECONN/i

describe('faults', () => {
  it('down: connections are cut until it ends', async () => {
    await fault({ mode: 'down' })
    await expect(send()).rejects.toThrow(CUT)
    await fetch(`${inbox.url}/_sandbox/faults`, { method: 'DELETE' })
    await send()
    expect(await list()).toMatchObject([{ times: 1 }])
  })

  it('down also cuts connections that were open before', async () => {
    const pooled = nodemailer.createTransport({
      url: inbox.smtpUrl,
      pool: true,
      maxConnections: 1,
      maxRequeues: 0,
    } as object)
    await pooled.sendMail(MAIL)
    await fault({ mode: 'down' })
    await expect(pooled.sendMail({ ...MAIL, messageId: '<2@tenor.test>' })).rejects.toThrow(CUT)
    pooled.close()
    expect(await list()).toHaveLength(1)
  })

  it.each([
    ['error_500', 451],
    ['rate_limit', 450],
  ])('%s: try again later', async (mode, responseCode) => {
    await fault({ mode, count: 1 })
    await expect(send()).rejects.toMatchObject({ responseCode })
    expect(await list()).toEqual([])
    await send()
    expect(await list()).toHaveLength(1)
  })

  it('reject: for good, and only the recipients it names', async () => {
    await fault({ mode: 'reject', path: 'bob@' })
    await expect(send({ to: 'bob@example.com' })).rejects.toMatchObject({ responseCode: 550 })
    await send()
    expect(await list()).toMatchObject([{ to: ['ada@example.com'] }])
  })

  it('lose_answer: the mail is here, but its sender does not know', async () => {
    await fault({ mode: 'lose_answer', count: 1 })
    await expect(send()).rejects.toThrow(CUT)
    expect(await list()).toMatchObject([{ times: 1 }])
    await send()
    expect(await list()).toMatchObject([{ times: 2 }])
  })

  it('slow: the answer comes after a while', async () => {
    await fault({ mode: 'slow', ms: 150, count: 1 })
    const sent = send()
    expect(
      await Promise.race([sent.then(() => 'sent'), new Promise((done) => setTimeout(() => done('waiting'), 60))]),
    ).toBe('waiting')
    await sent
    expect(await list()).toHaveLength(1)
  })

  it('that make no sense are refused', async () => {
    expect((await fault({ mode: 'row_lock' })).status).toBe(400)
  })
})
