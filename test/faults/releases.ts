import { execFile } from 'node:child_process'
import * as fs from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** Releases beside this one: the working tree again, with workflows that differ. */

export const ROOT = fileURLToPath(new URL('../../', import.meta.url))
const ROOMS = ['activities', 'api', 'db', 'domain', 'gateways', 'secrets', 'workers', 'workflows', 'package.json']

type Edit = { file: string; from: string; to: string }

/** A copy of the working tree in `folder`, in which the edits have been made; each must fit exactly once. */
export function releaseWith(folder: string, edits: Edit[]): string {
  for (const room of ROOMS) fs.cpSync(join(ROOT, room), join(folder, room), { recursive: true })
  fs.symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'))
  for (const { file, from, to } of edits) {
    const text = fs.readFileSync(join(folder, file), 'utf8')
    if (text.split(from).length !== 2) throw new Error(`${file} does not hold exactly once: ${from}`)
    fs.writeFileSync(join(folder, file), text.replace(from, to))
  }
  return folder
}

/** The patch of `breathing`. */
export const BREATHING = 'breathing'

/** Workflows that set a timer before each piece of work, in the runs for which the expression `when` is true. */
export function breathing(when: string): Edit[] {
  return [
    {
      file: 'workflows/plans/life.ts',
      from: 'const run = beginRun(plan, opening === null)',
      to: `const run = Object.assign(beginRun(plan, opening === null), { breathes: ${when} })`,
    },
    {
      file: 'workflows/plans/perform.ts',
      from: 'run.writing.then(work)',
      to: `run.writing.then(() => (run.breathes ? sleep('5 milliseconds') : undefined)).then(work)`,
    },
    {
      file: 'workflows/plans/perform.ts',
      from: 'import { formatMoney }',
      to: `import { sleep } from '@temporalio/workflow'\nimport { formatMoney }`,
    },
  ]
}

/** `npm run ops` of a release: its exit code, and all that it says. */
export function opsOf(
  release: string,
  env: NodeJS.ProcessEnv,
  ...args: string[]
): Promise<{ status: number; said: string }> {
  return new Promise((resolve) => {
    const child = execFile(process.execPath, ['workers/ops/main.ts', ...args], { cwd: release, env }, (_, out, err) =>
      resolve({ status: child.exitCode ?? -1, said: `${out}${err}` }),
    )
  })
}
