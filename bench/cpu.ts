import { readdirSync, readFileSync } from 'node:fs'

/** Clock ticks a second in /proc/<pid>/stat: 100 on every Linux that Node runs on. */
const TICKS = 100

type Stat = { parent: number; own: number; children: number; rssBytes: number }

function statOf(pid: number | string): Stat | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // The command's name comes in parentheses and may hold spaces, so fields are counted from behind it.
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
    const at = (index: number) => Number(fields[index])
    return {
      parent: at(1),
      own: (at(11) + at(12)) / TICKS,
      children: (at(13) + at(14)) / TICKS,
      rssBytes: at(21) * 4096,
    }
  } catch {
    return undefined
  }
}

/**
 * CPU seconds that a process has used so far, user and system, with its children: those that have ended as the kernel
 * added them up, and those that live, one level down. That is all there is below PostgreSQL's postmaster.
 */
export function cpuSeconds(pid: number): number {
  const stat = statOf(pid)
  if (!stat) throw new Error(`Process ${pid} has ended; its CPU time can no longer be read`)
  let seconds = stat.own + stat.children
  for (const entry of readdirSync('/proc')) {
    if (!/^\d+$/.test(entry)) continue
    const child = statOf(entry)
    if (child?.parent === pid) seconds += child.own + child.children
  }
  return seconds
}

/** Resident memory of a process, in bytes. */
export function residentBytes(pid: number): number {
  return statOf(pid)?.rssBytes ?? 0
}

/** One, five and fifteen minutes' load of the machine: figures mean little on one that is busy with something else. */
export function loadNow(): string {
  return readFileSync('/proc/loadavg', 'utf8').split(' ').slice(0, 3).join(' ')
}
