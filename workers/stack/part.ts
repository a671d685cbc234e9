import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { endProcess, markOf, type ProcessMark, signalTo } from './processes.ts'

export type PartName = 'postgres' | 'temporal' | 'stripe' | 'mail' | 'salesforce' | 'worker' | 'api'

export type PartSpec = {
  name: PartName
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
  name: PartName
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
  onProcess?: (name: PartName, mark: ProcessMark | undefined) => void
  onDied?: (name: PartName, how: string, backInMs: number) => void
  onBack?: (name: PartName) => void
}

const READY_TIMEOUT_MS = 60_000
const STOP_GRACE_MS = 15_000
const FIRST_BACKOFF_MS = 500
const LONGEST_BACKOFF_MS = 30_000
const STEADY_AFTER_MS = 60_000
const ENDING_SIGNALS: NodeJS.Signals[] = ['SIGKILL', 'SIGTERM', 'SIGINT', 'SIGQUIT', 'SIGABRT', 'SIGHUP']

/** A supervised process: started until ready, started again with a growing pause when it dies by itself. */
export function createPart(spec: PartSpec, events: PartEvents = {}): Part {
  return new SupervisedProcess(spec, events)
}

class SupervisedProcess implements Part {
  readonly name: PartName
  readonly #spec: PartSpec
  readonly #events: PartEvents
  #child: ChildProcess | undefined
  #mark: ProcessMark | undefined
  /** Whether it is brought back when it dies. */
  #wanted = false
  #stopped = false
  #backoffMs = FIRST_BACKOFF_MS
  #pause: AbortController | undefined

  constructor(spec: PartSpec, events: PartEvents) {
    this.name = spec.name
    this.#spec = spec
    this.#events = events
  }

  pid(): number | undefined {
    return this.#child?.pid
  }

  async start(): Promise<void> {
    if (this.#child) return
    this.#pause?.abort()
    this.#stopped = false
    for (let tries = this.#spec.secondTries ?? 0; tries >= 0 && !this.#stopped; tries--) {
      this.#launch()
      if (await this.#answers()) {
        this.#wanted = true
        return
      }
      if (this.#child) break
      await sleep(FIRST_BACKOFF_MS)
    }
    if (this.#stopped) throw new Error(`${this.name} was stopped before it was ready.`)
    await this.#end('SIGKILL', 0)
    const { logFile } = this.#spec
    throw new Error(`${this.name} did not become ready. The end of ${logFile}:\n${endOfLog(logFile)}`)
  }

  async stop(): Promise<void> {
    await this.#end(this.#spec.stopSignal ?? 'SIGTERM', this.#spec.stopGraceMs ?? STOP_GRACE_MS)
  }

  async kill(signal: NodeJS.Signals, { comesBack = false } = {}): Promise<void> {
    if (ENDING_SIGNALS.includes(signal) && !comesBack) {
      await this.#end(signal, this.#spec.stopGraceMs ?? STOP_GRACE_MS)
    } else if (this.#mark) {
      signalTo(this.#mark, signal)
    }
  }

  #launch(): void {
    const started = spawnDetached(this.#spec)
    const startedAt = Date.now()
    this.#child = started
    this.#mark = started.pid === undefined ? undefined : markOf(started.pid)
    if (this.#mark) this.#events.onProcess?.(this.name, this.#mark)
    const ended = (how: string) => {
      if (this.#child !== started) return
      this.#child = undefined
      this.#mark = undefined
      this.#events.onProcess?.(this.name, undefined)
      if (Date.now() - startedAt > STEADY_AFTER_MS) this.#backoffMs = FIRST_BACKOFF_MS
      if (this.#wanted) void this.#comeBack(how)
    }
    started.once('error', (error) => ended(error.message))
    started.once('exit', (code, signal) => ended(signal ?? `exit code ${code}`))
  }

  async #comeBack(how: string): Promise<void> {
    this.#events.onDied?.(this.name, how, this.#backoffMs)
    this.#pause = new AbortController()
    const rested = await sleep(this.#backoffMs, true, { signal: this.#pause.signal }).catch(() => false)
    if (!rested || !this.#wanted) return
    this.#backoffMs = Math.min(this.#backoffMs * 2, LONGEST_BACKOFF_MS)
    this.#launch()
    if (await this.#answers()) this.#events.onBack?.(this.name)
  }

  /** False as soon as the process that is awaited has ended. */
  async #answers(): Promise<boolean> {
    const awaited = this.#child
    const deadline = Date.now() + (this.#spec.readyTimeoutMs ?? READY_TIMEOUT_MS)
    while (this.#child !== undefined && this.#child === awaited && Date.now() < deadline) {
      if (await this.#spec.ready().catch(() => false)) return this.#child === awaited
      await sleep(100)
    }
    return false
  }

  async #end(signal: NodeJS.Signals, graceMs: number): Promise<void> {
    this.#wanted = false
    this.#stopped = true
    this.#pause?.abort()
    if (this.#mark) await endProcess(this.#mark, { signal, graceMs })
    while (this.#child) await sleep(20)
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
