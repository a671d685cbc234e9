import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createPart, type Part, type PartEvents } from './part.ts'
import { isRunning, markOf, type ProcessMark } from './processes.ts'

let folder: string
let parts: Part[]

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tenor-part-'))
  parts = []
})
afterEach(async () => {
  await Promise.all(parts.map((part) => part.stop()))
  rmSync(folder, { recursive: true })
})

/** A part that is ready once it has written the file `ready`. */
function part(script: string, events: PartEvents = {}, secondTries = 0): Part {
  const ready = join(folder, 'ready')
  const made = createPart(
    {
      name: 'worker',
      command: process.execPath,
      args: ['-e', `const fs = require('node:fs'); const ready = ${JSON.stringify(ready)}; ${script}`],
      logFile: join(folder, 'worker.log'),
      ready: async () => existsSync(ready),
      readyTimeoutMs: 20_000,
      secondTries,
    },
    events,
  )
  parts.push(made)
  return made
}

const SERVES =
  "fs.writeFileSync(ready, String(process.pid)); process.on('SIGTERM', () => { fs.rmSync(ready); process.exit(0) }); setInterval(() => {}, 1000)"

describe('a part of the stack', () => {
  it('is there when started, and gone when stopped', async () => {
    const worker = part(SERVES)
    await worker.start()
    const mark = markOf(worker.pid() as number) as ProcessMark
    expect(readFileSync(join(folder, 'ready'), 'utf8')).toBe(String(mark.pid))

    await worker.stop()
    expect(isRunning(mark)).toBe(false)
    expect(worker.pid()).toBeUndefined()
    expect(existsSync(join(folder, 'ready'))).toBe(false)
  })

  it('comes back when it dies by itself, and tells so', async () => {
    const said: string[] = []
    const back = Promise.withResolvers<void>()
    const worker = part(SERVES, {
      onDied: (name, how) => said.push(`${name} ${how}`),
      onBack: () => back.resolve(),
    })
    await worker.start()
    const first = worker.pid()
    rmSync(join(folder, 'ready'))
    await worker.kill('SIGKILL', { comesBack: true })
    await back.promise
    expect(said).toEqual(['worker SIGKILL'])
    expect(worker.pid()).not.toBe(first)
  })

  it('stays down after it was killed on purpose, until it is started', async () => {
    const worker = part(SERVES)
    await worker.start()
    await worker.kill('SIGKILL')
    expect(worker.pid()).toBeUndefined()
    await worker.start()
    expect(worker.pid()).toBeDefined()
  })

  it('says why it did not start', async () => {
    const worker = part("console.error('the disk is full'); process.exit(3)")
    await expect(worker.start()).rejects.toThrow(/worker did not become ready.*the disk is full/s)
  })

  it('is tried again where a first failure is expected', async () => {
    const tried = join(folder, 'tried')
    const worker = part(
      `if (!fs.existsSync('${tried}')) { fs.writeFileSync('${tried}', ''); process.exit(1) } ${SERVES}`,
      {},
      3,
    )
    await worker.start()
    expect(worker.pid()).toBeDefined()
  })

  it('can be stopped before it is ready', async () => {
    const begun = join(folder, 'begun')
    const worker = part(`fs.writeFileSync('${begun}', ''); setInterval(() => {}, 1000)`)
    const start = worker.start()
    start.catch(() => {})
    const mark = markOf(worker.pid() as number) as ProcessMark
    await worker.stop()
    await expect(start).rejects.toThrow('stopped before it was ready')
    expect(isRunning(mark)).toBe(false)
  })

  it('leaves its marks for whoever has to clean up', async () => {
    const marks: (ProcessMark | undefined)[] = []
    const worker = part(SERVES, { onProcess: (_, mark) => marks.push(mark) })
    await worker.start()
    expect(marks).toEqual([markOf(worker.pid() as number)])
    await worker.stop()
    expect(marks.at(-1)).toBeUndefined()
    writeFileSync(join(folder, 'ready'), '')
  })
})
