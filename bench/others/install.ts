import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import * as fs from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const FILES = ['package.json', 'package-lock.json']
const here = (name: string) => fileURLToPath(new URL(name, import.meta.url))

/** The folder in the user's cache where the packages measured beside Tenor are installed, once for each lock file. */
export async function installOthers(say: (line: string) => void): Promise<string> {
  const key = createHash('sha256')
    .update(fs.readFileSync(here('package-lock.json')))
    .digest('hex')
    .slice(0, 12)
  const cache = process.env.XDG_CACHE_HOME || join(process.env.HOME ?? homedir(), '.cache')
  const folder = join(cache, 'tenor', `bench-others-${key}`)
  if (fs.existsSync(join(folder, 'installed'))) return folder
  say('Installing DBOS Transact and pg-boss for the comparison, once…')
  fs.mkdirSync(folder, { recursive: true })
  for (const file of FILES) fs.copyFileSync(here(file), join(folder, file))
  const child = spawn('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: folder,
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  const code = await new Promise((resolve) => child.once('close', resolve).once('error', resolve))
  if (code !== 0) throw new Error('DBOS Transact and pg-boss could not be installed: see npm above')
  fs.writeFileSync(join(folder, 'installed'), '')
  return folder
}
