import { existsSync } from 'node:fs'
import { relative } from 'node:path'
import { parseArgs } from 'node:util'
import { homeFolder } from './home.ts'
import { DEFAULT_PORT_BASE, portsFrom } from './ports.ts'
import { type Stack, startStack } from './stack.ts'

const USAGE = `npm start [-- --port-base <port>] [--home <folder>]
  --port-base  the first of the ports it listens on (TENOR_PORT_BASE; default ${DEFAULT_PORT_BASE})
  --home       the folder its data is kept in (TENOR_HOME; default .tenor)
A part that is named in the environment or in .env is used instead of one of its own: see .env.example.`

/** Ctrl-C reaches us from the terminal and, a moment later, once more through npm. */
const SAME_KEYSTROKE_MS = 1500

/**
 * Runs the stack in a terminal until it is told to stop. `play`, once it is up, is what a demo does; the stack stays up
 * after it. Ends the process.
 */
export async function runInTerminal(args: string[], play?: (stack: Stack) => Promise<void>): Promise<never> {
  if (existsSync('.env')) process.loadEnvFile('.env')
  const stopped = new AbortController()
  let stack: Stack | undefined
  try {
    const options = readArguments(args)
    if (!options) process.exit(0)
    const asked = askedToStop(stopped)
    stack = await startStack({ ...options, say, signal: stopped.signal })
    printTable(stack)
    await Promise.race([asked, play?.(stack).then(() => asked) ?? asked])
    say('Stopping…')
    await stack.stop()
    say('Stopped.')
    process.exit(0)
  } catch (error) {
    if (stack) await stack.stop()
    if (stopped.signal.aborted) {
      say('Stopped.')
      process.exit(0)
    }
    console.error(error instanceof Error ? error.message : error)
    process.exit(1)
  }
}

function readArguments(args: string[]) {
  const { values } = parseArgs({
    args,
    options: { 'port-base': { type: 'string' }, home: { type: 'string' }, help: { type: 'boolean' } },
  })
  if (values.help) {
    console.log(USAGE)
    return undefined
  }
  const base = values['port-base'] ?? (process.env.TENOR_PORT_BASE || String(DEFAULT_PORT_BASE))
  return {
    ports: portsFrom(Number(base)),
    home: homeFolder(values.home ? { TENOR_HOME: values.home } : process.env),
  }
}

/** Resolves at the first signal to stop; at one that comes well after it, everything is ended the hard way. */
function askedToStop(stopped: AbortController): Promise<void> {
  return new Promise((resolve) => {
    let first = 0
    const onSignal = () => {
      if (first === 0) {
        first = Date.now()
        stopped.abort()
        resolve()
      } else if (Date.now() - first > SAME_KEYSTROKE_MS) {
        say('Still stopping: one part after the other, so that nothing is cut off half-way.')
      }
    }
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, onSignal)
  })
}

function say(line: string): void {
  console.log(line)
}

function printTable({ addresses, home, issuer }: Stack): void {
  const rows: [string, string | null][] = [
    ['API', addresses.api],
    ['API reference', addresses.docs],
    ['Temporal UI', addresses.temporal_ui],
    ['Temporal', addresses.temporal_address],
    ['PostgreSQL', withoutPassword(addresses.database_url)],
    ['Inbox', addresses.inbox],
    ['Stripe sandbox', addresses.stripe],
    ['Salesforce', addresses.salesforce],
    ['Data and logs', relative(process.cwd(), home) || home],
  ]
  const lines = rows.filter(([, value]) => value !== null).map(([name, value]) => `  ${name.padEnd(15)} ${value}`)
  say(['', 'Tenor is up.', '', ...lines, ''].join('\n'))
  if (issuer) {
    say(`An admin's token (npm run token -- --role broker makes others):\n\n  ${addresses.token}\n`)
    const folder = home === homeFolder({}) ? '' : `TENOR_HOME=${home} `
    const token = `$(${folder}npm run -s token)`
    say(`To try it:\n\n  curl -s ${addresses.api}/payment_terms -H "Authorization: Bearer ${token}"\n`)
  }
  say('Ctrl-C stops everything; the data is kept.')
}

function withoutPassword(databaseUrl: string): string {
  const url = new URL(databaseUrl)
  if (url.password && !['127.0.0.1', 'localhost'].includes(url.hostname)) url.password = '…'
  return decodeURI(url.href)
}
