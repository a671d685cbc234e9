import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { endProcess, markOf, type ProcessMark, signalTo } from './processes.ts'

export type PartSpec = {
  name: string
  command: string
  args: string[]
  env?: NodeJS.ProcessEnv
  cwd?: string
  /** Whom it runs as; ourselves when absent. */
  user?: { uid: number; gid: number }
  logFile: string
  /** Resolves true once the part answers. Asked again until then. */
  ready: () => Promise<boolean>
  readyTimeoutMs?: number
  /** How often a process that ends before it was ready is started once more, half a second later each time. */
  secondTries?: number
  stopSignal?: NodeJS.Signals
  stopGraceMs?: number
}

/** What one part of the stack can be asked to do. */
export type Part = {
  name: string
  /** Starts the process and waits until it is ready; throws with the end of its log when it is not. */
  start(): Promise<void>
  /** Ends it for good, politely. */
  stop(): Promise<void>
  /** Sends a signal. After one that ends the process it stays down until `start()`, unless `comesBack`. */
  kill(signal: NodeJS.Signals, options?: { comesBack?: boolean }): Promise<void>
  pid(): number | undefined
}

export type PartEvents = {
  /** Called with the mark of each new process, and with undefined when it has ended. */
  onProcess?: (name: string, mark: ProcessMark | undefined) => void
  onDied?: (name: string, how: string, backInMs: number) => void
  onBack?: (name: string) => void
}

const FIRST_BACKOFF_MS = 500
const LONGEST_BACKOFF_MS = 30_000
const STEADY_AFTER_MS = 60_000
const ENDING_SIGNALS: NodeJS.Signals[] = ['SIGKILL', 'SIGTERM', 'SIGINT', 'SIGQUIT', 'SIGABRT', 'SIGHUP']

/** A supervised process: started until ready, started again with a growing pause when it dies by itself. */
export function createPart(spec: PartSpec, events: PartEvents = {}): Part {
  let child: ChildProcess | undefined
  let mark: ProcessMark | undefined
  let wanted = false
  let stopped = false
  let backoffMs = FIRST_BACKOFF_MS
  let pause: AbortController | undefined

  function launch(): void {
    const started = spawnDetached(spec)
    const startedAt = Date.now()
    child = started
    mark = started.pid === undefined ? undefined : markOf(started.pid)
    if (mark) events.onProcess?.(spec.name, mark)
    const ended = (how: string) => {
      if (child !== started) return
      child = undefined
      mark = undefined
      events.onProcess?.(spec.name, undefined)
      if (Date.now() - startedAt > STEADY_AFTER_MS) backoffMs = FIRST_BACKOFF_MS
      if (wanted) void comeBack(how)
    }
    started.once('error', (error) => ended(error.message))
    started.once('exit', (code, signal) => ended(signal ?? `exit code ${code}`))
  }

  async function comeBack(how: string): Promise<void> {
    events.onDied?.(spec.name, how, backoffMs)
    pause = new AbortController()
    const rested = await sleep(backoffMs, true, { signal: pause.signal }).catch(() => false)
    if (!rested || !wanted) return
    backoffMs = Math.min(backoffMs * 2, LONGEST_BACKOFF_MS)
    launch()
    if (await answers()) events.onBack?.(spec.name)
  }

  /** False as soon as the process that is awaited has ended. */
  async function answers(): Promise<boolean> {
    const awaited = child
    const deadline = Date.now() + (spec.readyTimeoutMs ?? 60_000)
    while (child !== undefined && child === awaited && Date.now() < deadline) {
      if (await spec.ready().catch(() => false)) return child === awaited
      await sleep(100)
    }
    return false
  }

  async function end(signal: NodeJS.Signals, graceMs: number): Promise<void> {
    wanted = false
    stopped = true
    pause?.abort()
    if (mark) await endProcess(mark, { signal, graceMs })
    while (child) await sleep(20)
  }

  return {
    name: spec.name,
    pid: () => child?.pid,
    async start() {
      if (child) return
      pause?.abort()
      stopped = false
      for (let tries = spec.secondTries ?? 0; tries >= 0 && !stopped; tries--) {
        launch()
        if (await answers()) {
          wanted = true
          return
        }
        if (child) break
        await sleep(FIRST_BACKOFF_MS)
      }
      if (stopped) throw new Error(`${spec.name} was stopped before it was ready.`)
      await end('SIGKILL', 0)
      throw new Error(`${spec.name} did not become ready. The end of ${spec.logFile}:\n${endOfLog(spec.logFile)}`)
    },
    stop: () => end(spec.stopSignal ?? 'SIGTERM', spec.stopGraceMs ?? 15_000),
    async kill(signal, { comesBack = false } = {}) {
      if (!ENDING_SIGNALS.includes(signal) || comesBack) {
        if (mark) signalTo(mark, signal)
        return
      }
      await end(signal, spec.stopGraceMs ?? 15_000)
    },
  }
}

/**
 * Detached, since Ctrl-C in a terminal goes to the whole foreground group: the supervisor alone hears it and ends the
 * parts in order.
 */
function spawnDetached(spec: PartSpec): ChildProcess {
  mkdirSync(dirname(spec.logFile), { recursive: true })
  const log = openSync(spec.logFile, 'a')
  try {
    return spawn(spec.command, spec.args, {
      env: spec.env ?? process.env,
      cwd: spec.cwd,
      uid: spec.user?.uid,
      gid: spec.user?.gid,
      detached: true,
      stdio: ['ignore', log, log],
    })
  } finally {
    closeSync(log)
  }
}

function endOfLog(file: string): string {
  try {
    return readFileSync(file, 'utf8').trimEnd().split('\n').slice(-15).join('\n')
  } catch {
    return '(no log)'
  }
}
