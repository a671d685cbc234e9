import nodemailer from 'nodemailer'

export type MailerOptions = {
  /** `smtp://` or `smtps://`, with user and password where the server wants them. */
  smtpUrl: string
  /** A server that offers no TLS is sent nothing; unset, unless it is on this machine. */
  requireTls?: boolean | undefined
  /** The sender, as `Name <address>` or a bare address. */
  from: string
  maxConnections?: number
  timeoutMs?: number
}

export type Letter = {
  to: { name: string; address: string }
  subject: string
  html: string
  text: string
  attachments?: { filename: string; content: Buffer; contentType: string }[]
  /** Without the angle brackets. The same for every try of one letter, so that a second copy can be told from a second letter. */
  messageId: string
}

export type Mailer = {
  /** Hands one letter for one recipient to the mail server. Throws `MailRefused` or `MailDelayed`. */
  send: (letter: Letter) => Promise<void>
  close: () => void
}

/** The address is none, or the mail server will never take this letter for it. Sending again would not help. */
export class MailRefused extends Error {
  override name = 'MailRefused'
}

/** The mail server could not be reached or did not take the letter now. */
export class MailDelayed extends Error {
  override name = 'MailDelayed'
}

/** Sends letters over SMTP, on a few connections that stay open. */
export function mailer(options: MailerOptions): Mailer {
  const timeout = options.timeoutMs ?? 20_000
  const transport = nodemailer.createTransport({
    url: options.smtpUrl,
    requireTLS: options.requireTls ?? !isHere(options.smtpUrl),
    pool: true,
    maxConnections: options.maxConnections ?? 3,
    // Whether a letter is sent again is for its sender to decide: the server may have it already.
    maxRequeues: 0,
    connectionTimeout: timeout,
    greetingTimeout: timeout,
    socketTimeout: timeout,
    // A letter is made of what we say here, never of what a file or an address on the network says.
    disableFileAccess: true,
    disableUrlAccess: true,
  })
  return {
    async send({ to, messageId, attachments = [], ...letter }) {
      const recipient = { name: plainName(to.name), address: checkedAddress(to.address) }
      try {
        const contents = { ...letter, subject: plainName(letter.subject), attachments }
        await transport.sendMail({ ...contents, from: options.from, to: [recipient], messageId: `<${messageId}>` })
      } catch (error) {
        throw failure(error)
      }
    },
    close: () => transport.close(),
  }
}

const HERE = ['localhost', '127.0.0.1', '[::1]']

function isHere(url: string): boolean {
  return HERE.includes(new URL(url).hostname)
}

const ADDRESS = /^[^\s@<>()[\],;:"\\]{1,64}@[^\s@<>()[\],;:"\\]{1,189}$/u

/** A list of addresses, or a header hidden in one, is no address. */
function checkedAddress(address: string): string {
  if (!ADDRESS.test(address)) throw new MailRefused('The recipient has no valid e-mail address')
  return address
}

function plainName(name: string): string {
  return name.replace(/\p{Cc}+/gu, ' ').trim()
}

type SmtpError = Error & { code?: string; responseCode?: number; rejected?: string[]; response?: string }

/**
 * Only what is said about the recipient or the letter is final; a server that refuses our sender or our password may
 * be put right, and the letter with it. The server's words stay out of the message: they repeat the address.
 */
function failure(error: unknown): Error {
  const { code, responseCode = 0, rejected } = error as SmtpError
  const isFinal = responseCode >= 500 && (code === 'EMESSAGE' || (rejected?.length ?? 0) > 0)
  const said = [code, responseCode || undefined].filter(Boolean).join(' ')
  if (isFinal) return new MailRefused(`The mail server refused the letter for good (${said})`, { cause: error })
  return new MailDelayed(`The mail server did not take the letter (${said || 'unknown'})`, { cause: error })
}
