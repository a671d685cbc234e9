import * as fs from 'node:fs'
import { join, resolve } from 'node:path'
import { endProcess, isRunning, markOf, type ProcessMark } from './processes.ts'

/** Where everything is while the stack runs, as `stack.json` says it. What is not of this stack or not known is null. */
export type Addresses = {
  api: string
  docs: string
  temporal_ui: string | null
  temporal_address: string
  /** As the worker's role. */
  database_url: string
  inbox: string | null
  stripe: string | null
  salesforce: string | null
  /** An admin's bearer token, when the development issuer is in use. */
  token: string | null
}

type Record = { supervisor: ProcessMark; parts: { [name: string]: ProcessMark } }

/** The data folder: what is kept over restarts, and who is running on it. */
export type Home = {
  path: string
  logFile(part: string): string
  /** Remembers the process of a part, so that a later start can end it if we are killed. */
  remember(part: string, mark: ProcessMark | undefined): void
  publish(addresses: Addresses): void
  unpublish(): void
  release(): void
}

export function homeFolder(env: NodeJS.ProcessEnv = process.env): string {
  return resolve(env.TENOR_HOME || '.tenor')
}

/** The addresses of the stack that runs on this data folder, or undefined when none does. */
export function runningStack(path: string): Addresses | undefined {
  const record = read<Record>(join(path, 'processes.json'))
  if (!record || !isRunning(record.supervisor)) return undefined
  return read<Addresses>(join(path, 'stack.json'))
}

/**
 * Takes the data folder for this process, and ends what a killed predecessor has left running.
 * Throws when another stack is running on it.
 */
export async function takeHome(path: string): Promise<Home> {
  fs.mkdirSync(join(path, 'logs'), { recursive: true })
  const file = join(path, 'processes.json')
  const before = read<Record>(file)
  if (before && before.supervisor.pid !== process.pid && isRunning(before.supervisor)) {
    throw new Error(
      `Tenor is running already with the data folder ${path} (process ${before.supervisor.pid}). Stop it, or give this one another: TENOR_HOME=.tenor2 npm start -- --port-base 4700`,
    )
  }
  const supervisor = markOf(process.pid)
  if (!supervisor) throw new Error('This process cannot find itself among the running ones.')
  const record: Record = { supervisor, parts: { ...before?.parts } }
  const save = () => writeWhole(file, record)
  save()
  await Promise.all(Object.values(record.parts).map((mark) => endProcess(mark, { group: true })))
  record.parts = {}
  save()
  const addresses = join(path, 'stack.json')
  fs.rmSync(addresses, { force: true })
  return {
    path,
    logFile: (part) => join(path, 'logs', `${part}.log`),
    remember(part, mark) {
      if (mark) record.parts[part] = mark
      else delete record.parts[part]
      save()
    },
    publish: (where) => writeWhole(addresses, where),
    unpublish: () => fs.rmSync(addresses, { force: true }),
    release: () => fs.rmSync(file, { force: true }),
  }
}

/** Keeps the logs of the run before, and begins new ones. */
export function turnLogs(home: Home): void {
  const folder = join(home.path, 'logs')
  for (const name of fs.readdirSync(folder)) {
    if (name.endsWith('.log') && !name.endsWith('.previous.log')) {
      fs.renameSync(join(folder, name), join(folder, name.replace(/\.log$/, '.previous.log')))
    }
  }
}

function read<T>(file: string): T | undefined {
  try {
    return JSON.parse(fs.readFileSync(file, 'utf8'))
  } catch {
    return undefined
  }
}

/** Readers see the old content or the new, never half of it; and only the owner, since it may hold a token. */
function writeWhole(file: string, content: unknown): void {
  fs.writeFileSync(`${file}.new`, `${JSON.stringify(content, null, 2)}\n`, { mode: 0o600 })
  fs.renameSync(`${file}.new`, file)
}
