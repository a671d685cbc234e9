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
/** What the bundle is made of: the rooms that workflows may import, and the packages by their versions. */
const SOURCES = ['workflows/**/*.ts', 'domain/**/*.ts', 'secrets/failure-converter.cjs', 'package*.json']
const BEGINNING = 'workflows-'
const UNUSED_DAYS = 7

/**
 * The workflows of this tree as one file of code, as a worker runs them. Kept in the user's cache folder by what it is
 * made of, since making it takes seconds, and a worker that comes back on a billing day has none to lose. A folder that
 * cannot be written to only means that it is made each time.
 */
export async function workflowBundle(): Promise<{ code: string }> {
  const folder = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'tenor')
  const file = join(folder, `${BEGINNING}${fingerprint()}.js`)
  try {
    const code = fs.readFileSync(file, 'utf8')
    fs.utimesSync(file, new Date(), new Date())
    return { code }
  } catch {
    const code = await bundled()
    keep(folder, file, code)
    return { code }
  }
}

async function bundled(): Promise<string> {
  const { code } = await bundleWorkflowCode({
    workflowsPath: join(ROOT, 'workflows/index.ts'),
    preloadModules: SHARED_MODULES,
    failureConverterPath: FAILURE_CONVERTER,
    logger: new DefaultLogger('ERROR'),
  })
  return code
}

function fingerprint(): string {
  const hash = createHash('sha256')
  const files = fs.globSync(SOURCES, { cwd: ROOT, exclude: ['**/*.test.ts'] }).toSorted()
  for (const file of files) {
    const content = fs.readFileSync(join(ROOT, file))
    hash.update(`${file}\n${content.length}\n`).update(content)
  }
  return hash.digest('hex').slice(0, 20)
}

/** By a name of its own first: a worker that starts at the same time reads all of it or nothing. */
function keep(folder: string, file: string, code: string): void {
  const own = `${file}.${process.pid}`
  try {
    fs.mkdirSync(folder, { recursive: true })
    fs.writeFileSync(own, code)
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
