import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { cruise, type ICruiseResult } from 'dependency-cruiser'
import { forbidden, options } from './import-rules.ts'
import { mutableState } from './module-state.ts'

/**
 * Holds the rules of who may import whom, and that nothing that runs in workflows keeps anything in its modules. Fails as
 * well when it has not looked at every file, and when the rules do not see what is wrong with the files in
 * test/import-rules.
 */
const ROOT = fileURLToPath(new URL('..', import.meta.url))
const BROKEN = fileURLToPath(new URL('../test/import-rules', import.meta.url))

type Violation = { rule: string; from: string; to: string }

async function look(folder: string, files: string[]): Promise<{ seen: Set<string>; violations: Violation[] }> {
  const { output } = await cruise(files, {
    ...options,
    baseDir: folder,
    validate: true,
    ruleSet: { forbidden },
  })
  const { modules, summary } = output as ICruiseResult
  const violations = summary.violations.map(({ rule, from, to }) => ({ rule: rule.name, from, to }))
  return { seen: new Set(modules.map((module) => module.source)), violations }
}

function sourceFiles(folder: string): string[] {
  const list = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard', '*.ts', '*.mjs'], {
    cwd: folder,
    encoding: 'utf8',
  })
  return list.split('\n').filter((file) => file !== '' && !file.startsWith('test/import-rules/'))
}

async function holdInProject(): Promise<string[]> {
  const files = sourceFiles(ROOT)
  const { seen, violations } = await look(ROOT, files)
  const unseen = files.filter((file) => !seen.has(file))
  if (files.length === 0) return ['There was no file to look at.']
  console.log(`Import rules: looked at ${files.length - unseen.length} of ${files.length} files.`)
  return [
    ...unseen.map((file) => `${file} was not looked at.`),
    ...violations.map(({ rule, from, to }) => `${from} imports ${to}: ${commentOf(rule)} (${rule})`),
  ]
}

/** Every rule must be broken by the file made for it, or it is blind. */
async function seeWhatIsBroken(): Promise<string[]> {
  const { violations } = await look(BROKEN, sourceFiles(BROKEN))
  const broken = new Set(violations.map((violation) => violation.rule))
  const blind = new Set<string>(forbidden.map((rule) => rule.name).filter((name) => !broken.has(name)))
  return [...blind].map((name) => `The rule ${name} did not see what is wrong in test/import-rules.`)
}

/** What a worker bundles for its workflows: their room and the one that they reach. */
const BUNDLED = /^(workflows|domain)\/(?!.*\.test\.ts$)/

function holdNoState(): string[] {
  const files = sourceFiles(ROOT).filter((file) => BUNDLED.test(file))
  const found = files.flatMap((file) => stateIn(ROOT, file).map((name) => `${file} keeps ${name}`))
  return found.map((what) => `${what}: what one workflow leaves in a module, another one finds.`)
}

/** Every name there that begins with `mutable`, and no other one. */
function seeState(): string[] {
  const file = 'workflows/state.ts'
  const names = readFileSync(join(BROKEN, file), 'utf8').match(/(?<=(let|var|const) \[?)mutable\w+/g) ?? []
  const seen = stateIn(BROKEN, file).map((name) => name.replaceAll(/[[\]]/g, ''))
  if (names.length > 0 && names.join() === seen.join()) return []
  return [`Of what modules keep, ${seen.join()} was seen in test/import-rules/${file}, and not ${names.join()}.`]
}

const stateIn = (folder: string, file: string) => mutableState(file, readFileSync(join(folder, file), 'utf8'))

function commentOf(rule: string): string {
  return forbidden.find(({ name }) => name === rule)?.comment ?? ''
}

const problems = [...(await seeWhatIsBroken()), ...seeState(), ...(await holdInProject()), ...holdNoState()]
for (const problem of problems) console.error(problem)
process.exitCode = problems.length > 0 ? 1 : 0
