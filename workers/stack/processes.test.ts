import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { endProcess, isRunning, markOf, type ProcessMark } from './processes.ts'

const started: ChildProcess[] = []

async function run(script: string): Promise<{ child: ChildProcess; mark: ProcessMark }> {
  const child = spawn(process.execPath, ['-e', `${script}; console.log('up')`], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  started.push(child)
  await once(child.stdout, 'data')
  return { child, mark: markOf(child.pid as number) as ProcessMark }
}

afterAll(() => {
  for (const child of started) child.kill('SIGKILL')
})

describe('processes known by their birth', () => {
  it('are recognised while they run and not after', async () => {
    const { child, mark } = await run('setInterval(() => {}, 1000)')
    expect(isRunning(mark)).toBe(true)
    await endProcess(mark)
    expect(isRunning(mark)).toBe(false)
    expect(child.signalCode ?? (await once(child, 'exit'))[1]).toBe('SIGTERM')
  })

  it('are killed when they do not end by themselves in time', async () => {
    const { child, mark } = await run("process.on('SIGTERM', () => {}); setInterval(() => {}, 1000)")
    await endProcess(mark, { graceMs: 200 })
    expect(child.signalCode ?? (await once(child, 'exit'))[1]).toBe('SIGKILL')
  })

  it('are left alone when the pid belongs to somebody else by now', async () => {
    const { child, mark } = await run('setInterval(() => {}, 1000)')
    await endProcess({ ...mark, born: 'before somebody else got the pid' }, { graceMs: 0 })
    expect(isRunning(mark)).toBe(true)
    child.kill('SIGKILL')
  })
})
