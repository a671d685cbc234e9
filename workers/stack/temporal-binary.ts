import { type ChildProcess, spawn } from 'node:child_process'
import * as fs from 'node:fs'
import { homedir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The newest release of Temporal's CLI that Go can also build from the module proxy alone. */
const VERSION = '1.5.1'
const STALLED_AFTER_MS = 20_000

type Say = (line: string) => void

/**
 * The path of a Temporal server: the one on PATH, the one kept in the user's cache, or else brought into that cache,
 * downloaded or built. Throws an error that names every way when none works.
 */
export async function temporalBinary(say: Say, env: NodeJS.ProcessEnv = process.env): Promise<string> {
  const known = onPath('temporal', env) ?? inCache(env)
  if (known) return known
  const failures: string[] = []
  for (const bring of [download, build]) {
    try {
      return keep(await bring(cacheFolder(env), say, env), env)
    } catch (error) {
      failures.push((error as Error).message)
    }
  }
  throw new Error(
    [
      'There is no Temporal server here, and none could be brought:',
      ...failures.map((failure) => `  - ${failure}`),
      'Any of these helps: install the Temporal CLI so that `temporal` is on PATH; give TEMPORAL_ADDRESS of a running',
      'server; make https://temporal.download reachable; or install Go, so that the server can be built.',
    ].join('\n'),
  )
}

function cacheFolder(env: NodeJS.ProcessEnv): string {
  return join(env.XDG_CACHE_HOME || join(env.HOME ?? homedir(), '.cache'), 'tenor', `temporal-${VERSION}`)
}

function cached(env: NodeJS.ProcessEnv): string {
  return join(cacheFolder(env), process.platform === 'win32' ? 'temporal.exe' : 'temporal')
}

function inCache(env: NodeJS.ProcessEnv): string | undefined {
  return isExecutable(cached(env)) ? cached(env) : undefined
}

function onPath(name: string, env: NodeJS.ProcessEnv): string | undefined {
  return (env.PATH ?? '')
    .split(delimiter)
    .filter(Boolean)
    .map((folder) => join(folder, name))
    .find(isExecutable)
}

function isExecutable(file: string): boolean {
  try {
    fs.accessSync(file, fs.constants.X_OK)
    return fs.statSync(file).isFile()
  } catch {
    return false
  }
}

/** Moved into its place only when whole, so that a download or build cut short is never taken for a server. */
function keep(file: string, env: NodeJS.ProcessEnv): string {
  fs.renameSync(file, cached(env))
  fs.rmSync(dirname(file), { recursive: true, force: true })
  return cached(env)
}

async function download(folder: string, say: Say): Promise<string> {
  const draft = draftFolder(folder)
  say('Downloading the Temporal server once…')
  const script = fileURLToPath(new URL('temporal-download.ts', import.meta.url))
  const child = spawn(process.execPath, [script, draft, `v${VERSION}`], { stdio: ['ignore', 'ignore', 'pipe'] })
  const end = ended(child)
  const stalled = watch(child, draft)
  const { ok, lastLine } = await end
  clearInterval(stalled.timer)
  const file = fs.readdirSync(draft).find((name) => name.startsWith('temporal-cli') && !name.endsWith('.downloading'))
  if (ok && file) return join(draft, file)
  fs.rmSync(draft, { recursive: true, force: true })
  // The SDK tells the whole chain of causes in one line; the last link is what helps.
  const cause = lastLine.replace(/\]$/, '').split(': ').slice(-2).join(': ')
  throw new Error(`the download from temporal.download failed: ${stalled.happened() ? 'no answer' : cause}`)
}

/** Ends a download that makes no progress: without a way out to the internet it would be waited for in vain. */
function watch(child: ChildProcess, folder: string) {
  let [size, since, gaveUp] = [0, Date.now(), false]
  const timer = setInterval(() => {
    const now = fs.readdirSync(folder).reduce((sum, name) => sum + fs.statSync(join(folder, name)).size, 0)
    if (now !== size) [size, since] = [now, Date.now()]
    if (Date.now() - since < STALLED_AFTER_MS) return
    gaveUp = true
    child.kill('SIGKILL')
  }, 500)
  return { timer, happened: () => gaveUp }
}

async function build(folder: string, say: Say, env: NodeJS.ProcessEnv): Promise<string> {
  if (!onPath('go', env)) throw new Error('it could not be built: Go is not installed')
  const draft = draftFolder(folder)
  say(`Building the Temporal server once, some 4 minutes on two cores, kept in ${folder} for next time.`)
  const child = spawn('go', ['install', `github.com/temporalio/cli/cmd/temporal@v${VERSION}`], {
    env: { ...env, GOBIN: draft, GOFLAGS: `${env.GOFLAGS ?? ''} -v`.trim() },
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  const started = Date.now()
  let packages = 0
  child.stderr?.on('data', (chunk: Buffer) => {
    packages += chunk.toString().split('\n').length - 1
  })
  const progress = setInterval(() => {
    say(`  …${Math.round((Date.now() - started) / 1000)} s, ${packages} steps done`)
  }, 15_000)
  const { ok, lastLine } = await ended(child)
  clearInterval(progress)
  if (ok) return join(draft, 'temporal')
  fs.rmSync(draft, { recursive: true, force: true })
  throw new Error(`it could not be built by "go install": ${lastLine}`)
}

function draftFolder(folder: string): string {
  fs.mkdirSync(folder, { recursive: true })
  return fs.mkdtempSync(join(folder, 'draft-'))
}

/** Resolves with how it ended. It does not outlive us. */
async function ended(child: ChildProcess): Promise<{ ok: boolean; lastLine: string }> {
  let errors = ''
  const endWithUs = () => child.kill()
  process.once('exit', endWithUs)
  child.stderr?.on('data', (chunk: Buffer) => {
    errors = (errors + chunk.toString()).slice(-4000)
  })
  const code = await new Promise<number | null>((resolve) => {
    child.once('error', (error) => {
      errors += error.message
      resolve(1)
    })
    child.once('close', resolve)
  })
  process.off('exit', endWithUs)
  const lines = errors.trim().split('\n')
  return { ok: code === 0, lastLine: lines.findLast((line) => /error/i.test(line)) ?? lines.at(-1) ?? '' }
}
