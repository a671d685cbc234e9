import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { CONFIG_NAMES } from '../../workers/config.ts'
import type { Addresses } from '../../workers/stack/home.ts'
import { isPortFree, portsFrom } from '../../workers/stack/ports.ts'
import { isRunning, type ProcessMark } from '../../workers/stack/processes.ts'

/** `npm start` as a person runs it: a process of its own, told to stop by signals. */
class Launcher {
  readonly home: string
  readonly base: number
  output = ''
  #process: ChildProcess | undefined

  constructor(home: string, base: number) {
    this.home = home
    this.base = base
  }

  async start(): Promise<Addresses> {
    const clean = Object.entries(process.env).filter(([name]) => !CONFIG_NAMES.includes(name))
    const args = ['workers/stack/start.ts', '--home', this.home, '--port-base', String(this.base)]
    const child = spawn(process.execPath, args, { env: Object.fromEntries(clean), stdio: ['ignore', 'pipe', 'pipe'] })
    this.#process = child
    this.output = ''
    const up = Promise.withResolvers<void>()
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk: Buffer) => {
        this.output += chunk.toString()
        if (this.output.includes('Ctrl-C stops everything')) up.resolve()
      })
    }
    child.once('close', (code) => up.reject(new Error(`it ended with ${code}:\n${this.output}`)))
    await up.promise
    return this.addresses()
  }

  addresses(): Addresses {
    return JSON.parse(readFileSync(join(this.home, 'stack.json'), 'utf8'))
  }

  /** Resolves with the exit code. */
  async end(signal: NodeJS.Signals): Promise<number | null> {
    const child = this.#process
    if (!child || child.exitCode !== null || child.signalCode !== null) return child?.exitCode ?? null
    child.kill(signal)
    return (await once(child, 'exit'))[0]
  }

  processes(): { supervisor: ProcessMark; parts: Record<string, ProcessMark> } {
    return JSON.parse(readFileSync(join(this.home, 'processes.json'), 'utf8'))
  }
}

const launchers: Launcher[] = []

async function newLauncher(): Promise<Launcher> {
  const home = mkdtempSync(join(tmpdir(), 'tenor-launcher-'))
  chmodSync(home, 0o755)
  const made = new Launcher(home, await freeBase())
  launchers.push(made)
  return made
}

/** A port with room behind it, away from those the system hands out by itself. */
async function freeBase(): Promise<number> {
  for (let base = 20_000 + (process.pid % 400) * 20; ; base += 20) {
    const taken = launchers.some((other) => other.base === base)
    const free = await Promise.all(Object.values(portsFrom(base)).map(isPortFree))
    if (!taken && free.every(Boolean)) return base
  }
}

afterAll(async () => {
  for (const launcher of launchers.splice(0)) {
    await launcher.end('SIGTERM')
    rmSync(launcher.home, { recursive: true, force: true })
  }
}, 60_000)

async function query(url: string, sql: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    return (await client.query(sql)).rows
  } finally {
    await client.end()
  }
}

async function expectReady({ api, docs, inbox, temporal_ui, token }: Addresses): Promise<void> {
  for (const url of [`${api}/health/ready`, docs, inbox ?? '', temporal_ui ?? '']) {
    expect([url, (await fetch(url)).status]).toEqual([url, 200])
  }
  const answer = await fetch(`${api}/payment_terms`, { headers: { authorization: `Bearer ${token}` } })
  expect(answer.status).toBe(200)
}

const PARTS = ['api', 'mail', 'postgres', 'salesforce', 'stripe', 'temporal', 'worker']

/** Told to stop by a signal, it ends well, and nothing of it is left. */
async function expectGone(launcher: Launcher, signal: 'SIGINT' | 'SIGTERM'): Promise<void> {
  const { parts } = launcher.processes()
  expect(await launcher.end(signal)).toBe(0)
  expect(Object.values(parts).filter(isRunning)).toEqual([])
  expect(existsSync(join(launcher.home, 'stack.json'))).toBe(false)
}

describe('npm start', () => {
  let one: Launcher

  it('brings up everything, beside another copy, and at SIGINT leaves nothing running', async () => {
    one = await newLauncher()
    const other = await newLauncher()
    const addresses = await Promise.all([one.start(), other.start()])
    await Promise.all(addresses.map(expectReady))
    expect(Object.keys(one.processes().parts).sort()).toEqual(PARTS)
    await expect(new Launcher(one.home, one.base).start()).rejects.toThrow('running already')
    await expectGone(other, 'SIGINT')

    const port = other.base + 4
    const squatter = createServer().listen(port, '127.0.0.1')
    await once(squatter, 'listening')
    try {
      await expect(other.start()).rejects.toThrow(new RegExp(`port ${port}, wanted by stripe.*--port-base`, 's'))
      expect(existsSync(join(other.home, 'processes.json'))).toBe(false)
    } finally {
      squatter.close()
    }
  }, 240_000)

  it('brings back a part that dies', async () => {
    const before = one.processes().parts
    for (const part of ['api', 'worker']) process.kill((before[part] as ProcessMark).pid, 'SIGKILL')
    while (!['api is back', 'worker is back'].every((line) => one.output.includes(line))) {
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
    await expectReady(one.addresses())
    expect(one.processes().parts.api).not.toEqual(before.api)
  }, 180_000)

  it('goes on with its data after only the launcher was killed, and after everything was', async () => {
    // Only the owner makes tables.
    const database_url = one.addresses().database_url.replace('//tenor_worker:', '//tenor:')
    await query(database_url, 'create table kept (id int)')

    await one.end('SIGKILL')
    const orphans = Object.values(one.processes().parts)
    expect(orphans.every(isRunning)).toBe(true)
    await expectReady(await one.start())
    expect(orphans.filter(isRunning)).toEqual([])
    expect(await query(database_url, 'select * from kept')).toEqual([])

    const { supervisor, parts } = one.processes()
    for (const { pid } of [supervisor, ...Object.values(parts)]) process.kill(pid, 'SIGKILL')
    await one.end('SIGKILL')
    await expectReady(await one.start())
    expect(await query(database_url, 'select * from kept')).toEqual([])
  }, 240_000)

  it('at SIGTERM leaves nothing running', () => expectGone(one, 'SIGTERM'), 60_000)
})
