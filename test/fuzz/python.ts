import { execFileSync, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs'
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
 * The `schemathesis` program, in a virtual environment of its own in the user's cache folder, which all clones share;
 * made when it is not there. Only exactly the versions in requirements.txt are used.
 * @throws PythonMissing
 */
export function schemathesisProgram(say: (line: string) => void): string {
  const cache = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'tenor')
  const version = createHash('sha256').update(readFileSync(REQUIREMENTS)).digest('hex').slice(0, 12)
  const folder = join(cache, `schemathesis-${version}`)
  const program = (root: string) => join(root, 'bin', 'schemathesis')
  if (existsSync(program(folder))) return program(folder)
  const python = findPython()
  say(`Making a virtual environment with schemathesis (some 30 seconds, 100 MB) in ${folder}`)
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(cache, { recursive: true })
  // Its scripts name the folder they were made in, so it is made where it stays and marked by its last file.
  execFileSync(python, ['-m', 'venv', folder], { stdio: ['ignore', 'ignore', 'inherit'] })
  const pip = join(folder, 'bin', 'python')
  try {
    const install = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--no-deps', '-r', REQUIREMENTS]
    execFileSync(pip, install, { stdio: ['ignore', 'inherit', 'inherit'] })
  } catch (error) {
    rmSync(folder, { recursive: true, force: true })
    throw new PythonMissing('pip could not install test/fuzz/requirements.txt: is PyPI or a mirror of it reachable?', {
      cause: error,
    })
  }
  say('…done')
  return program(folder)
}

function findPython(): string {
  const found = CANDIDATES.find((name) => spawnSync(name, ['-c', CHECK], { stdio: 'ignore' }).status === 0)
  if (found) return found
  throw new PythonMissing(
    `The fuzzer needs Python ${OLDEST} or newer with venv and pip (Debian: apt-get install python3 python3-venv).`,
  )
}
