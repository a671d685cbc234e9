import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Addresses, runningStack, takeHome, turnLogs } from './home.ts'
import { isRunning, markOf, type ProcessMark } from './processes.ts'

let folder: string
const started: ChildProcess[] = []

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tenor-home-'))
})
afterEach(() => {
  for (const child of started.splice(0)) child.kill('SIGKILL')
  rmSync(folder, { recursive: true })
})

function somebody(): ProcessMark {
  const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { detached: true, stdio: 'ignore' })
  started.push(child)
  return markOf(child.pid as number) as ProcessMark
}

const leave = (record: object) => writeFileSync(join(folder, 'processes.json'), JSON.stringify(record))
const GONE = { pid: 1, born: 'long ago' }
const ADDRESSES: Addresses = {
  api: 'http://127.0.0.1:1',
  docs: 'http://127.0.0.1:1/docs',
  temporal_ui: null,
  temporal_address: '127.0.0.1:2',
  database_url: 'postgres://x/y',
  inbox: null,
  stripe: null,
  salesforce: null,
  token: 'secret',
}

describe('the data folder', () => {
  it('is one stack at a time', async () => {
    const other = somebody()
    leave({ supervisor: other, parts: {} })
    await expect(takeHome(folder)).rejects.toThrow(
      `running already with the data folder ${folder} (process ${other.pid})`,
    )
    expect(isRunning(other)).toBe(true)
  })

  it('is cleared of what a killed predecessor has left running, and of nothing else', async () => {
    const [orphan, stranger] = [somebody(), somebody()]
    leave({ supervisor: GONE, parts: { worker: orphan, api: { pid: stranger.pid, born: 'before it got that pid' } } })
    writeFileSync(join(folder, 'stack.json'), '{}')
    await takeHome(folder)
    expect([isRunning(orphan), isRunning(stranger)]).toEqual([false, true])
    expect(existsSync(join(folder, 'stack.json'))).toBe(false)
  })

  it('says where everything is while the stack runs, to its owner only', async () => {
    const home = await takeHome(folder)
    expect(runningStack(folder)).toBeUndefined()
    home.publish(ADDRESSES)
    expect(runningStack(folder)).toEqual(ADDRESSES)
    expect(JSON.parse(readFileSync(join(folder, 'stack.json'), 'utf8'))).toEqual(ADDRESSES)
    expect(statSync(join(folder, 'stack.json')).mode & 0o077).toBe(0)
    home.unpublish()
    home.release()
    expect(runningStack(folder)).toBeUndefined()
  })

  it('does not pass on the addresses of a stack that was killed', async () => {
    const home = await takeHome(folder)
    home.publish(ADDRESSES)
    leave({ supervisor: GONE, parts: {} })
    expect(runningStack(folder)).toBeUndefined()
  })

  it('keeps the logs of the run before', async () => {
    const home = await takeHome(folder)
    writeFileSync(home.logFile('api'), 'first run')
    turnLogs(home)
    writeFileSync(home.logFile('api'), 'second run')
    turnLogs(home)
    expect(readFileSync(join(folder, 'logs/api.previous.log'), 'utf8')).toBe('second run')
  })
})
