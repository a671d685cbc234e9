import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'
import PostalMime, { type Email } from 'postal-mime'
import { SMTPServer } from 'smtp-server'
import { type Letter, MailDelayed, MailRefused, mailer } from './mailer.ts'

type Answer = (recipient: string) => Error | undefined

const refusal = (responseCode: number) => Object.assign(new Error('no'), { responseCode })
const opened: { close(): void }[] = []

afterEach(() => {
  for (const one of opened.splice(0)) one.close()
})

/** A real SMTP server that keeps what it is given. */
async function inbox(answers: { recipient?: Answer; sender?: Answer; letter?: Answer } = {}) {
  const received: { recipients: string[]; email: Email }[] = []
  let connections = 0
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS', 'AUTH'],
    onConnect: (_session, done) => {
      connections += 1
      done()
    },
    onMailFrom: ({ address }, _session, done) => done(answers.sender?.(address)),
    onRcptTo: ({ address }, _session, done) => done(answers.recipient?.(address)),
    onData: (stream, session, done) => {
      const recipients = session.envelope.rcptTo.map(({ address }) => address)
      const keep = async () => {
        received.push({ recipients, email: await PostalMime.parse(await buffer(stream)) })
        done(answers.letter?.(recipients[0] ?? ''))
      }
      void keep()
    },
  })
  await new Promise<void>((resolve) => server.listen(0, '0.0.0.0', resolve))
  const { port } = server.server.address() as AddressInfo
  opened.push({ close: () => server.close(() => {}) })
  return { url: `smtp://127.0.0.1:${port}`, port, received, connections: () => connections }
}

function sender(smtpUrl: string) {
  const made = mailer({ smtpUrl, from: 'Tenor <billing@tenor.example>', timeoutMs: 3000 })
  opened.unshift(made)
  return made
}

const letter: Letter = {
  to: { name: 'Zoë "Z" O’Neil, Jr.', address: 'zoe@example.com' },
  subject: 'Your receipt',
  html: '<p>Thank you.</p>',
  text: 'Thank you.',
  attachments: [{ filename: 'receipt.pdf', content: Buffer.from('%PDF-1.7'), contentType: 'application/pdf' }],
  messageId: 'ntf_1@tenor',
}

describe('a letter', () => {
  it('arrives with both texts, its attachment and the Message-ID it was given', async () => {
    const { url, received } = await inbox()
    await sender(url).send(letter)
    expect(received).toHaveLength(1)
    const { recipients, email } = received[0] as (typeof received)[number]
    expect(recipients).toEqual(['zoe@example.com'])
    expect(email).toMatchObject({
      messageId: '<ntf_1@tenor>',
      subject: 'Your receipt',
      from: { name: 'Tenor', address: 'billing@tenor.example' },
      to: [{ name: 'Zoë "Z" O’Neil, Jr.', address: 'zoe@example.com' }],
      attachments: [{ filename: 'receipt.pdf', mimeType: 'application/pdf' }],
    })
    expect(email.text?.trim()).toBe('Thank you.')
    expect(email.html?.trim()).toBe('<p>Thank you.</p>')
  })

  it('does not leave the machine without TLS, unless that is allowed', async () => {
    const { port, received } = await inbox()
    const elsewhere = `smtp://127.0.0.2:${port}`
    await expect(sender(elsewhere).send(letter)).rejects.toThrow(MailDelayed)
    expect(received).toEqual([])
    const allowed = mailer({ smtpUrl: elsewhere, from: 'Tenor <billing@tenor.example>', requireTls: false })
    opened.unshift(allowed)
    await allowed.send(letter)
    expect(received).toHaveLength(1)
  })

  it('uses few connections for many', async () => {
    const { url, received, connections } = await inbox()
    const { send } = sender(url)
    await Promise.all(Array.from({ length: 12 }, (_, n) => send({ ...letter, messageId: `ntf_${n}@tenor` })))
    expect(received).toHaveLength(12)
    expect(connections()).toBeLessThanOrEqual(3)
  })

  it('cannot smuggle a header or a second recipient in', async () => {
    const { url, received } = await inbox()
    const { send } = sender(url)
    const subject = 'Hello\r\nBcc: spy@example.com'
    await send({ ...letter, subject, to: { name: 'A\r\nBcc: spy@example.com', address: 'a@example.com' } })
    expect(received[0]?.recipients).toEqual(['a@example.com'])
    expect(received[0]?.email.bcc ?? []).toEqual([])
  })

  it.each([
    'a@example.com, spy@example.com',
    'a@example.com\r\nBcc: spy@example.com',
    'Ada <a@example.com>',
    'nobody',
    'a@b@c',
    '',
    `${'a'.repeat(65)}@example.com`,
  ])('is refused for what is no address: %j', async (address) => {
    const { url, received } = await inbox()
    await expect(sender(url).send({ ...letter, to: { name: 'A', address } })).rejects.toBeInstanceOf(MailRefused)
    expect(received).toEqual([])
  })
})

describe('a letter that the server does not take', () => {
  it.each([
    ['an unknown recipient', MailRefused, { recipient: () => refusal(550) }],
    ['a letter it calls spam', MailRefused, { letter: () => refusal(554) }],
    ['a full mailbox', MailDelayed, { recipient: () => refusal(452) }],
    ['greylisting', MailDelayed, { letter: () => refusal(451) }],
    ['a sender that is not set up yet', MailDelayed, { sender: () => refusal(550) }],
  ])('%s is %p', async (_what, kind, answers) => {
    const { url } = await inbox(answers)
    const error = await sender(url)
      .send(letter)
      .catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(kind)
    expect((error as Error).message).not.toContain('zoe')
  })

  it('is delayed while there is no server', async () => {
    await expect(sender('smtp://127.0.0.1:9').send(letter)).rejects.toBeInstanceOf(MailDelayed)
  })
})
