import { execFileSync } from 'node:child_process'
import { relative } from 'node:path'

/** Every test file belongs to one of jest's projects: one that belongs to none would never run. */
const JEST = ['--experimental-vm-modules', 'node_modules/jest/bin/jest.js', '--listTests', '--json']

function lines(command: string, args: string[]): string {
  return execFileSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })
}

const found = (JSON.parse(lines(process.execPath, JEST)) as string[]).map((file) => relative('.', file))
const files = lines('git', ['ls-files', '--cached', '--others', '--exclude-standard', '*.test.ts']).trim().split('\n')
const lost = files.filter((file) => !found.includes(file))
for (const file of lost) console.error(`${file} belongs to no project of jest.config.mjs, so it would never run.`)
console.log(`Tests: ${files.length - lost.length} of ${files.length} files belong to a project.`)
process.exitCode = lost.length > 0 || files.length === 0 ? 1 : 0
