import { execFileSync, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const REQUIREMENTS = fileURLToPath(new URL('./requirements.txt', import.meta.url))
const CANDIDATES = ['python3.13', 'python3.12', 'python3.11', 'python3.10', 'python3', 'python']
const OLDEST = '3.10'
const CHECK = `import sys, venv, ensurepip; sys.exit(sys.version_info < (${OLDEST.replace('.', ', ')}))`

/** What is missing, in words for whoever runs it. */
export class PythonMissing extends Error {
  override name = 'PythonMissing'
}

/**
 * The command that is schemathesis, in a virtual environment of its own in the user's cache folder, which all clones
 * share; made when it is not there. Only exactly the versions in requirements.txt are used.
 * @throws PythonMissing
 */
export function schemathesisCommand(say: (line: string) => void): string[] {
  const cache = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'tenor')
  const version = createHash('sha256').update(readFileSync(REQUIREMENTS)).digest('hex').slice(0, 12)
  const folder = join(cache, `schemathesis-${version}`)
  if (!existsSync(folder)) {
    say(`Making a virtual environment with schemathesis (some 30 seconds, 100 MB) in ${folder}`)
    mkdirSync(cache, { recursive: true })
    makeEnvironment(findPython(), folder)
    say('…done')
  }
  return [interpreter(folder), '-m', 'schemathesis.cli']
}

const interpreter = (folder: string) => join(folder, 'bin', 'python')

/** There only when it is whole: another run may make it at the same time, and either may be ended meanwhile. */
function makeEnvironment(python: string, folder: string): void {
  const making = mkdtempSync(`${folder}-`)
  try {
    execFileSync(python, ['-m', 'venv', making], { stdio: ['ignore', 'ignore', 'inherit'] })
    const install = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--no-deps', '-r', REQUIREMENTS]
    execFileSync(interpreter(making), install, { stdio: ['ignore', 'inherit', 'inherit'] })
    renameSync(making, folder)
  } catch (error) {
    rmSync(making, { recursive: true, force: true })
    if (existsSync(folder)) return
    throw new PythonMissing('pip could not install test/fuzz/requirements.txt: is PyPI or a mirror of it reachable?', {
      cause: error,
    })
  }
}

function findPython(): string {
  const found = CANDIDATES.find((name) => spawnSync(name, ['-c', CHECK], { stdio: 'ignore' }).status === 0)
  if (found) return found
  throw new PythonMissing(
    `The fuzzer needs Python ${OLDEST} or newer with venv and pip (Debian: apt-get install python3 python3-venv).`,
  )
}
