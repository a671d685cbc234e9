import type { AddressInfo, Socket } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { callbackify } from 'node:util'
import { SMTPServer, type SMTPServerDataStream, type SMTPServerSession } from 'smtp-server'
import type { Faults } from '../faults.ts'
import { pause } from '../server.ts'
import type { Messages } from './messages.ts'

export type SmtpInbox = { port: number; close: () => Promise<void> }

const LARGEST_MAIL = 25 * 1024 * 1024

/** An error that the client is answered with. */
function reply(code: number, text: string): Error {
  return Object.assign(new Error(text), { responseCode: code })
}

/** Listens for mail from anyone to anyone, with or without a login, and does the faults it is told to. */
export async function startSmtp(
  messages: Messages,
  faults: Faults,
  { host, port }: { host: string; port: number },
): Promise<SmtpInbox> {
  const sockets = new Map<number, Socket>()
  const cut = (session: SMTPServerSession) => sockets.get(session.remotePort)?.destroy()

  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS'],
    allowInsecureAuth: true,
    disableReverseLookup: true,
    size: LARGEST_MAIL,
    banner: 'Tenor sandbox inbox',
    onAuth: (auth, _session, done) => done(null, { user: auth.username ?? 'anyone' }),
    onConnect: (session, done) => (faults.take('CONNECT', ['down']) ? cut(session) : done()),
    onMailFrom: ({ address }, session, done) => (faults.take(`MAIL ${address}`, ['down']) ? cut(session) : done()),
    onRcptTo: ({ address }, _session, done) => {
      done(faults.take(`RCPT ${address}`, ['reject']) ? reply(550, `5.1.1 ${address}: no such mailbox`) : null)
    },
    onData: callbackify(async (stream: SMTPServerDataStream, session: SMTPServerSession) => {
      const { mailFrom, rcptTo } = session.envelope
      const to = rcptTo.map(({ address }) => address)
      const raw = await buffer(stream)
      if (stream.sizeExceeded) throw reply(552, '5.3.4 message too large')
      const fault = faults.take(`RCPT ${to.join(' ')}`, ['slow', 'error_500', 'rate_limit', 'lose_answer'])
      if (fault?.mode === 'slow') await pause(fault.ms)
      if (fault?.mode === 'error_500') throw reply(451, '4.3.0 try again later')
      if (fault?.mode === 'rate_limit') throw reply(450, '4.7.1 too many messages, slow down')
      await messages.receive(raw, { from: mailFrom ? mailFrom.address : '', to })
      if (fault?.mode === 'lose_answer') cut(session)
    }),
  })
  // A client that went away is no reason to end the server.
  server.on('error', () => {})
  server.server.on('connection', (socket: Socket) => {
    const { remotePort } = socket
    if (remotePort === undefined) return
    sockets.set(remotePort, socket)
    socket.once('close', () => sockets.delete(remotePort))
  })

  await listening(server, host, port)
  return {
    port: (server.server.address() as AddressInfo).port,
    close: async () => {
      const closed = new Promise<void>((done) => server.close(() => done()))
      for (const socket of sockets.values()) socket.destroy()
      await closed
    },
  }
}

function listening(server: SMTPServer, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.server.once('error', (error: NodeJS.ErrnoException) => {
      const taken = `Port ${port} on ${host} is taken by another program; choose another one`
      reject(error.code === 'EADDRINUSE' ? new Error(taken) : error)
    })
    server.listen(port, host, resolve)
  })
}
