import { parseArgs } from 'node:util'
import { DefaultLogger, Runtime } from '@temporalio/worker'
import { ConfigError } from '../config.ts'
import { resetCommand, signalCommand } from './batch.ts'
import { connectOps, type Ops, UsageError } from './connect.ts'
import { issuerCommand } from './issuers.ts'
import { keysCommand, rotateKeysCommand } from './keys.ts'
import { proveCommand } from './prove.ts'
import { replayOpenCommand } from './replay-open.ts'
import { resendCommand } from './resend.ts'
import { stuckCommand } from './stuck.ts'
import { webhookCommand } from './webhook.ts'

const USAGE = `npm run ops -- <command>

  prove --plan <id> | --all    compare ledger, gateway, workflow and receipts; explain every difference
        [--mend] [--json]      bring rows to what the workflow has decided (never money); one JSON a line
  stuck [--minutes 10]         what should have gone on by itself and has not
  resend <notification>        queue a letter again
  webhook <id> --again         try a held webhook again
  webhook <id> --done --reason <what was done>    take it off the list
  issuer                       tenants' own OIDC issuers; issuer <url> --tenant <t> --audience <a> adds one,
                               issuer <url> --remove takes it away
  keys                         which key is needed by how many values and open workflows
  rotate-keys                  encrypt everything in the database with the active key; can be stopped and begun again
  replay-open                  replay all open workflows against this working tree; count what would break
  signal --query <q> --name <signal> [--input <json>] [--dry-run]
  reset --query <q> --reason <why> [--to last|first] [--dry-run]

Works on the Tenor that the environment names (DATABASE_WORKER_URL and the rest of a worker's), or else on the one that runs on
the data folder (TENOR_HOME, default .tenor). Queries are Temporal's, on the search attributes that start with Tenor.
Exit codes: 0 nothing found, 1 something found, 2 something could not be looked at, 64 the command is wrong.`

function read(args: string[]) {
  try {
    return parseArgs({
      args,
      allowPositionals: true,
      options: {
        plan: { type: 'string' },
        all: { type: 'boolean', default: false },
        mend: { type: 'boolean', default: false },
        json: { type: 'boolean', default: false },
        minutes: { type: 'string', default: '10' },
        query: { type: 'string' },
        name: { type: 'string' },
        input: { type: 'string' },
        again: { type: 'boolean', default: false },
        done: { type: 'boolean', default: false },
        to: { type: 'string' },
        reason: { type: 'string' },
        tenant: { type: 'string' },
        audience: { type: 'string' },
        remove: { type: 'boolean', default: false },
        'dry-run': { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    })
  } catch (error) {
    throw new UsageError((error as Error).message, { cause: error })
  }
}

type Given = ReturnType<typeof read>
type Run = (ops: Ops, values: Given['values'], rest: string[]) => Promise<number>

const batch = ({ 'dry-run': dryRun, query, name, input, to, reason }: Given['values']) => {
  return { dryRun, query, name, input, to, reason }
}
const COMMANDS: Record<string, Run> = {
  prove: (ops, { plan, all, mend, json }) => proveCommand(ops, { plan, all, mend, json }),
  stuck: (ops, { minutes }) => stuckCommand(ops, { minutes: minutesIn(minutes) }),
  resend: (ops, _, [id]) => resendCommand(ops, id),
  webhook: (ops, { again, done, reason }, [id]) => webhookCommand(ops, { id, again, done, reason }),
  issuer: (ops, { tenant, audience, remove }, [url]) => issuerCommand(ops, url, { tenant, audience, remove }),
  keys: (ops) => keysCommand(ops),
  'rotate-keys': (ops) => rotateKeysCommand(ops),
  'replay-open': (ops) => {
    // What the replayed workflows log has been logged before.
    Runtime.install({ logger: new DefaultLogger('ERROR', () => {}) })
    return replayOpenCommand(ops)
  },
  signal: (ops, values) => signalCommand(ops, batch(values)),
  reset: (ops, values) => resetCommand(ops, batch(values)),
}

function minutesIn(text: string): number {
  if (!/^\d{1,6}$/.test(text)) throw new UsageError('--minutes is a whole number.')
  return Number(text)
}

/** Runs one command; resolves with its exit code. */
async function main(args: string[]): Promise<number> {
  const { values, positionals } = read(args)
  const [name = '', ...rest] = positionals
  if (values.help || name === 'help') {
    console.log(USAGE)
    return 0
  }
  const run = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined
  if (!run) throw new UsageError(name === '' ? 'Say a command.' : `There is no command "${name}".`)
  const ops = await connectOps(process.env, (line) => console.log(line))
  try {
    return await run(ops, values, rest)
  } finally {
    await ops.close()
  }
}

process.exitCode = await main(process.argv.slice(2)).catch((error: Error) => {
  if (error instanceof UsageError) {
    console.error(`${error.message}\n\n${USAGE}`)
    return 64
  }
  console.error(error instanceof ConfigError ? error.message : error)
  return 2
})
