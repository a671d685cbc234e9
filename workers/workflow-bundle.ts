import { createHash } from 'node:crypto'
import * as fs from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { bundleWorkflowCode, DefaultLogger } from '@temporalio/worker'
import { FAILURE_CONVERTER } from '../secrets/data-converter.ts'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
/**
 * Loaded once for all plans, where workflows each have modules of their own: the calendar brings the library of time
 * zones along, and what it remembers of them is the same for everybody.
 */
const SHARED_MODULES = [join(ROOT, 'domain/calendar.ts')]
/** What the bundle is made of: the rooms that workflows may import, how it is made, and what npm has installed. */
const SOURCES = ['workflows/**/*.ts', 'domain/**/*.ts', 'secrets/failure-converter.cjs', 'workers/workflow-bundle.ts']
const PACKAGES = ['package.json', 'node_modules/.package-lock.json']
/**
 * The SDK takes a stack trace of every promise of a workflow and looks each line of it up in the source map, which is a
 * third of what replaying an event costs. One line is left: where an error was thrown.
 */
const SHORT_TRACES = 'Error.stackTraceLimit = 1;'
const BEGINNING = 'workflows-'
const UNUSED_DAYS = 7
const SUM = '\n// sha256 '

/**
 * The workflows of this tree as one file of code, as a worker runs them. Kept in the user's cache folder by what it is
 * made of, since making it takes seconds, and a worker that comes back on a billing day has none to lose. A folder that
 * cannot be written to only means that it is made each time.
 */
export async function workflowBundle(): Promise<{ code: string }> {
  const made = fingerprint(ROOT)
  const folder = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'tenor')
  const file = join(folder, `${BEGINNING}${made}.js`)
  const kept = readKept(file)
  if (kept !== null) return { code: kept }
  const code = await bundled()
  // Not under the name of sources that somebody has changed meanwhile.
  if (fingerprint(ROOT) === made) keep(folder, file, code)
  return { code }
}

/** As it was made, or null: what a machine lost when it went down is made again. */
function readKept(file: string): string | null {
  try {
    const text = fs.readFileSync(file, 'utf8')
    const end = text.lastIndexOf(SUM)
    const code = text.slice(0, end)
    if (end < 0 || text.slice(end) !== sumOf(code)) return null
    fs.utimes(file, new Date(), new Date(), () => {})
    return code
  } catch {
    return null
  }
}

function sumOf(code: string): string {
  return `${SUM}${createHash('sha256').update(code).digest('hex')}\n`
}

/** Workflows of another file, bundled as ours are. */
export async function bundled(
  workflowsPath = join(ROOT, 'workflows/index.ts'),
  workflowInterceptorModules: string[] = [],
): Promise<string> {
  const { code } = await bundleWorkflowCode({
    ...{ workflowsPath, workflowInterceptorModules },
    preloadModules: SHARED_MODULES,
    failureConverterPath: FAILURE_CONVERTER,
    logger: new DefaultLogger('ERROR'),
  })
  return SHORT_TRACES + code
}

/** Of all files below `root` that the bundle is made of, by their names and contents. */
export function fingerprint(root: string): string {
  const hash = createHash('sha256')
  const sources = fs.globSync(SOURCES, { cwd: root, exclude: ['**/*.test.ts'] }).toSorted()
  for (const file of [...sources, ...PACKAGES.filter((name) => fs.existsSync(join(root, name)))]) {
    const content = fs.readFileSync(join(root, file))
    hash.update(`${file}\n${content.length}\n`).update(content)
  }
  return hash.digest('hex').slice(0, 20)
}

/** By a name of its own first: a worker that starts at the same time reads all of it or nothing. */
function keep(folder: string, file: string, code: string): void {
  const own = `${file}.${process.pid}`
  try {
    fs.mkdirSync(folder, { recursive: true })
    fs.writeFileSync(own, code + sumOf(code))
    fs.renameSync(own, file)
    for (const name of fs.readdirSync(folder)) {
      if (name.startsWith(BEGINNING) && isUnused(join(folder, name))) fs.rmSync(join(folder, name), { force: true })
    }
  } catch {
    if (fs.existsSync(own)) fs.rmSync(own)
  }
}

function isUnused(file: string): boolean {
  return Date.now() - fs.statSync(file).mtimeMs > UNUSED_DAYS * 86_400_000
}
