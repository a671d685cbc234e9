import { type ChildProcess, spawn } from 'node:child_process'
import * as fs from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

const VERSION = '0.203.0'
const PROGRAM = 'stripe-mock'
const STARTS_WITHIN_MS = 20_000

export type StripeMock = { url: string; stop(): Promise<void> }

/**
 * Stripe's own mock: stateless, but it knows every parameter of the API and refuses what it does not know. The one named
 * by STRIPE_MOCK_URL, or else one built by Go once and kept in the user's cache. Throws if neither can be had.
 */
export async function startStripeMock(env: NodeJS.ProcessEnv = process.env): Promise<StripeMock> {
  if (env.STRIPE_MOCK_URL) return { url: env.STRIPE_MOCK_URL, stop: async () => {} }
  const child = spawn(await binary(env), ['-http-addr', '127.0.0.1:'], { stdio: ['ignore', 'pipe', 'inherit'] })
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()))
  const stop = async () => {
    child.kill('SIGTERM')
    await ended
  }
  try {
    return { url: await listening(child), stop }
  } catch (error) {
    await stop()
    throw error
  }
}

function listening(child: ChildProcess): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  const timer = setTimeout(
    () => reject(new Error(`stripe-mock said nothing for ${STARTS_WITHIN_MS} ms`)),
    STARTS_WITHIN_MS,
  )
  child.once('error', reject)
  child.once('exit', (code) => reject(new Error(`stripe-mock ended at once (${code})`)))
  if (child.stdout) {
    createInterface({ input: child.stdout }).on('line', (line) => {
      const port = /Listening for HTTP at address: .*:(\d+)$/.exec(line)?.[1]
      if (port) resolve(`http://127.0.0.1:${port}`)
    })
  }
  return promise.finally(() => clearTimeout(timer))
}

/** Built into a draft folder and moved when whole, so that a build cut short is never taken for the program. */
async function binary(env: NodeJS.ProcessEnv): Promise<string> {
  const folder = join(env.XDG_CACHE_HOME || join(env.HOME ?? homedir(), '.cache'), 'tenor', `${PROGRAM}-${VERSION}`)
  const kept = join(folder, PROGRAM)
  if (fs.existsSync(kept)) return kept
  fs.mkdirSync(folder, { recursive: true })
  const draft = fs.mkdtempSync(join(folder, 'draft-'))
  try {
    await build(draft, env)
    fs.renameSync(join(draft, PROGRAM), kept)
  } finally {
    fs.rmSync(draft, { recursive: true, force: true })
  }
  return kept
}

async function build(folder: string, env: NodeJS.ProcessEnv): Promise<void> {
  const say = (line: string) => process.stderr.write(`${line}\n`)
  say('Building stripe-mock once, about a minute; it is kept for next time…')
  const started = Date.now()
  const progress = setInterval(() => say(`  …${Math.round((Date.now() - started) / 1000)} s`), 15_000)
  const child = spawn('go', ['install', `github.com/stripe/${PROGRAM}@v${VERSION}`], {
    env: { ...env, GOBIN: folder },
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let errors = ''
  child.stderr?.on('data', (chunk: Buffer) => {
    errors = (errors + chunk.toString()).slice(-2000)
  })
  const end = await new Promise<number | Error | null>((resolve) => {
    child.once('error', resolve)
    child.once('close', resolve)
  })
  clearInterval(progress)
  if (end === 0) return
  const why = end instanceof Error ? 'Go is not installed' : errors.trim().split('\n').at(-1)
  throw new Error(`stripe-mock cannot be built: ${why}. Install Go, or give STRIPE_MOCK_URL of a running stripe-mock.`)
}
