import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'

/**
 * A process that can be recognised later. A pid alone may have been given to somebody else since; together with the
 * moment the process was born it cannot.
 */
export type ProcessMark = { pid: number; born: string }

/** The mark of a running process, or undefined when there is none with this pid. */
export function markOf(pid: number): ProcessMark | undefined {
  const born = process.platform === 'linux' ? bornOnLinux(pid) : bornByPs(pid)
  return born === undefined ? undefined : { pid, born }
}

export function isRunning(mark: ProcessMark): boolean {
  return markOf(mark.pid)?.born === mark.born
}

type EndOptions = { signal?: NodeJS.Signals; graceMs?: number; group?: boolean }

/**
 * Ends exactly the process that the mark names, politely first; resolves when it is gone.
 * `group` also reaches what the process itself has started (it must lead its process group).
 */
export async function endProcess(
  mark: ProcessMark,
  { signal = 'SIGTERM', graceMs = 10_000, group = false }: EndOptions = {},
): Promise<void> {
  signalTo(mark, signal, group)
  const deadline = Date.now() + graceMs
  while (isRunning(mark) && Date.now() < deadline) await sleep(50)
  if (!isRunning(mark)) return
  signalTo(mark, 'SIGKILL', group)
  while (isRunning(mark)) await sleep(20)
}

export function signalTo(mark: ProcessMark, signal: NodeJS.Signals, group = false): void {
  if (!isRunning(mark)) return
  try {
    process.kill(group ? -mark.pid : mark.pid, signal)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}

function bornOnLinux(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // The command's name comes in parentheses and may hold spaces, so fields are counted from behind it.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    const [state, ticksSinceBoot] = [fields[0], fields[19]]
    if (state === 'Z' || state === 'X') return undefined
    return `${readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()}:${ticksSinceBoot}`
  } catch {
    return undefined
  }
}

function bornByPs(pid: number): string | undefined {
  try {
    return execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8' }).trim() || undefined
  } catch {
    return undefined
  }
}
