import { spawn } from 'node:child_process'
import * as fs from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createPart } from '../workers/stack/part.ts'
import { freePort } from '../workers/stack/ports.ts'
import { postgresPart, postgresUrl, preparePostgresDatabase } from '../workers/stack/postgres.ts'

/**
 * Runs a program of the project with DATABASE_OWNER_URL set: to the one given, or else to an empty database that lives only
 * as long as the program. `node scripts/with-database.ts db/drift.ts`
 */
function run(url: string): Promise<number> {
  const program = spawn(process.execPath, process.argv.slice(2), {
    stdio: 'inherit',
    env: { ...process.env, DATABASE_OWNER_URL: url },
  })
  return new Promise((resolve, reject) => {
    program.once('error', reject)
    program.once('exit', (code) => resolve(code ?? 1))
  })
}

async function runWithOwnDatabase(): Promise<number> {
  const home = fs.mkdtempSync(join(tmpdir(), 'tenor-database-'))
  fs.chmodSync(home, 0o755)
  const port = await freePort()
  const part = createPart(await postgresPart({ home, port, logFile: join(home, 'postgres.log'), durable: false }))
  try {
    await part.start()
    await preparePostgresDatabase(port)
    return await run(postgresUrl(port))
  } finally {
    await part.stop()
    fs.rmSync(home, { recursive: true, force: true })
  }
}

process.exitCode = await (process.env.DATABASE_OWNER_URL ? run(process.env.DATABASE_OWNER_URL) : runWithOwnDatabase())
