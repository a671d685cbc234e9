import { type ChildProcess, fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { OtherStart } from './others/worker.ts'
import type { WorkerStart } from './worker.ts'
import type { LoopStart } from './workflows/loops.ts'

export type WorkerProcess = {
  pid: number
  /** Cycles done since its start. */
  cycles(): Promise<number>
  stop(): Promise<void>
}

const WORKER = fileURLToPath(new URL('./worker.ts', import.meta.url))
const OTHER = fileURLToPath(new URL('./others/worker.ts', import.meta.url))

/** Starts a worker as a process of its own; resolves when it polls. */
export async function startWorker(start: WorkerStart): Promise<WorkerProcess> {
  return startProcess(WORKER, start)
}

/** The same for one of the others, which starts its plans itself when it is told to. */
export async function startOther(start: OtherStart): Promise<WorkerProcess & { begin(plan: LoopStart): void }> {
  return startProcess(OTHER, start)
}

async function startProcess(file: string, start: object) {
  const profile = process.env.BENCH_PROFILE ? ['--cpu-prof', `--cpu-prof-dir=${process.env.BENCH_PROFILE}`] : []
  const child = fork(file, [JSON.stringify(start)], { execArgv: ['--disable-warning=ExperimentalWarning', ...profile] })
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  await answer(child, (message) => message === 'ready')
  return {
    pid: child.pid ?? 0,
    begin: (plan: LoopStart) => void child.send({ start: plan }),
    async cycles() {
      const answered = answer(child, (message) => typeof message === 'object')
      child.send('cycles')
      return ((await answered) as { cycles: number }).cycles
    },
    async stop() {
      if (child.connected) child.send('stop')
      const late = setTimeout(() => child.kill('SIGKILL'), 15_000)
      await ended
      clearTimeout(late)
    },
  }
}

function answer(child: ChildProcess, isIt: (message: unknown) => boolean): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const onExit = (how: unknown) => reject(new Error(`A worker of the bench has ended: ${String(how)}`))
    const onMessage = (message: unknown) => {
      if (!isIt(message)) return
      child.off('message', onMessage)
      child.off('exit', onExit)
      child.off('error', onExit)
      resolve(message)
    }
    child.on('message', onMessage)
    child.once('exit', onExit)
    child.once('error', onExit)
  })
}
