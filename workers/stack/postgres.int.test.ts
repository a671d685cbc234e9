import { spawn } from 'node:child_process'
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { createPart, type Part } from './part.ts'
import { freePort } from './ports.ts'
import { postgresPart, postgresUrl, preparePostgresDatabase } from './postgres.ts'
import { isRunning, markOf, type ProcessMark } from './processes.ts'

let home: string
let port: number
let parts: Part[]

beforeEach(async () => {
  home = mkdtempSync(join(tmpdir(), 'tenor-postgres-'))
  chmodSync(home, 0o755)
  port = await freePort()
  parts = []
})
afterEach(async () => {
  await Promise.all(parts.map((part) => part.stop()))
  rmSync(home, { recursive: true })
})

async function start(): Promise<Part> {
  const part = createPart(await postgresPart({ home, port, logFile: join(home, 'log') }))
  parts.push(part)
  await part.start()
  await preparePostgresDatabase(port)
  return part
}

async function query(sql: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: postgresUrl(port) })
  client.on('error', () => {})
  await client.connect()
  try {
    return (await client.query(sql)).rows
  } finally {
    await client.end()
  }
}

describe('the embedded PostgreSQL', () => {
  it('is a real one, of version 18, in UTF-8 and UTC', async () => {
    await start()
    expect(await query('show server_encoding')).toEqual([{ server_encoding: 'UTF8' }])
    expect(await query('show timezone')).toEqual([{ TimeZone: 'UTC' }])
    expect(await query("select current_setting('server_version_num')::int / 10000 as major")).toEqual([{ major: 18 }])
  })

  it('keeps what was committed when it is killed, and starts again while clients still hang on', async () => {
    const part = await start()
    await query('create table kept (id int)')
    await query('insert into kept values (1)')
    const busy = query('select pg_sleep(30)').catch(() => 'cut off')
    await part.kill('SIGKILL')
    await part.start()
    expect(await query('select id from kept')).toEqual([{ id: 1 }])
    expect(await busy).toBe('cut off')
  })

  it('takes over from a postmaster whose supervisor was killed', async () => {
    const orphan = await start()
    await query('create table kept (id int)')
    const mark = markOf(orphan.pid() as number) as ProcessMark
    const part = createPart(await postgresPart({ home, port, logFile: join(home, 'log') }))
    parts = [part]
    expect(isRunning(mark)).toBe(false)
    // The first part would bring its process back, as its supervisor is not really dead here.
    await orphan.stop()
    await part.start()
    expect(await query('select * from kept')).toEqual([])
  })

  it('starts when the pid it left behind belongs to another program by now', async () => {
    const part = await start()
    await part.stop()
    const stranger = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' })
    try {
      const location = join(home, 'postgres', 'postmaster.pid')
      writeFileSync(location, `${stranger.pid}\n${join(home, 'postgres')}\n1700000000\n${port}\n\n127.0.0.1\n`)
      await start()
      expect(isRunning(markOf(stranger.pid as number) as ProcessMark)).toBe(true)
      expect(readFileSync(location, 'utf8').split('\n')[0]).not.toBe(String(stranger.pid))
    } finally {
      stranger.kill('SIGKILL')
    }
  })
})
