import * as fs from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fingerprint, workflowBundle } from '../../workers/workflow-bundle.ts'

let code: string
let modules: string[]
beforeAll(async () => {
  const { code: bundle } = await workflowBundle()
  code = bundle.slice(0, bundle.lastIndexOf('//# sourceMappingURL='))
  modules = [...code.matchAll(/^\/\*\*\*\/ "\.\/([^"]+)"/gm)].map(([, path]) => path as string)
})

const PACKAGE = /^.*node_modules\/((?:@[^/]+\/)?[^/]+)\/.*$/
const packages = () => [...new Set(modules.filter((m) => PACKAGE.test(m)).map((m) => m.replace(PACKAGE, '$1')))]

/** Whatever a plan's workflow imports as a value is loaded into every worker, and must be deterministic there. */
describe('the bundle of the workflows', () => {
  it('holds domain and workflows of ours, how failures are encoded, and nothing of any other room', () => {
    const ours = modules.filter((m) => !PACKAGE.test(m) && m !== 'secrets/failure-converter.cjs')
    expect([...new Set(ours.map((m) => m.split('/')[0]))].toSorted()).toEqual(['domain', 'workflows'])
    expect(modules).toContain('workflows/financing/financing-term.ts')
    expect(modules).toContain('domain/plans/collect.ts')
  })

  it('holds the SDK and the calendar, and none of mikro-orm, zod, Stripe or what they bring', () => {
    const known = ['@temporalio/common', '@temporalio/workflow', 'long', 'ms', 'nexus-rpc']
    expect(packages().toSorted()).toEqual([...known, 'temporal-polyfill', 'temporal-utils'])
  })

  it('takes the calendar from the polyfill, never from the engine that happens to run it', () => {
    const calendar = modules.filter((m) => m.includes('/temporal-polyfill/'))
    expect(calendar).toContain('node_modules/temporal-polyfill/chunks/classApi-basic.js')
    expect(calendar.filter((m) => /\/(root|index|global)\.js$/.test(m))).toEqual([])
  })

  it('holds nothing of Node’s', () => {
    const ignored = [...code.matchAll(/^ {2}!\*\*\* (\S+) \(ignored\) \*\*\*!/gm)].map(([, name]) => name)
    expect(ignored.filter((name) => !name?.startsWith('__temporal_'))).toEqual([])
    expect(code).not.toMatch(/external "|require\("node:/)
  })

  it('stays below 1.5 MB', () => {
    expect(code.length).toBeGreaterThan(100_000)
    expect(code.length).toBeLessThan(1_500_000)
  })
})

describe('the bundle that is kept', () => {
  const home = process.env.XDG_CACHE_HOME
  const folder = fs.mkdtempSync(join(tmpdir(), 'tenor-bundle-'))
  beforeEach(() => {
    process.env.XDG_CACHE_HOME = join(folder, 'cache')
  })
  afterAll(() => {
    if (home === undefined) delete process.env.XDG_CACHE_HOME
    else process.env.XDG_CACHE_HOME = home
    fs.rmSync(folder, { recursive: true })
  })
  const kept = () => fs.readdirSync(join(folder, 'cache', 'tenor'))

  it('is made once, and then taken as it is', async () => {
    const made = await workflowBundle()
    const [name = '', ...others] = kept()
    expect([name, others]).toEqual([expect.stringMatching(/^workflows-[0-9a-f]{20}\.js$/), []])
    const { ino } = fs.statSync(join(folder, 'cache', 'tenor', name))
    expect(await workflowBundle()).toEqual(made)
    expect(fs.statSync(join(folder, 'cache', 'tenor', name)).ino).toBe(ino)
    expect(fs.readFileSync(join(folder, 'cache', 'tenor', name), 'utf8').startsWith(made.code)).toBe(true)
  }, 60_000)

  it('is made again when it has lost its end', async () => {
    const [name = ''] = kept()
    const file = join(folder, 'cache', 'tenor', name)
    const whole = fs.readFileSync(file)
    fs.writeFileSync(file, whole.subarray(0, whole.length / 2))
    await workflowBundle()
    expect(fs.readFileSync(file).equals(whole)).toBe(true)
  }, 60_000)

  it('has another name when anything that it is made of is another', () => {
    const tree = join(folder, 'tree')
    const put = (file: string, text: string) => {
      fs.mkdirSync(dirname(join(tree, file)), { recursive: true })
      fs.writeFileSync(join(tree, file), text)
      return fingerprint(tree)
    }
    const files = ['workflows/plans/life.ts', 'domain/money.ts', 'node_modules/.package-lock.json', 'package.json']
    const names = files.flatMap((file) => [put(file, 'one'), put(file, 'two')])
    expect(new Set(names).size).toBe(names.length)
    expect(put('domain/money.test.ts', 'a test')).toBe(names.at(-1))
  })

  it('makes those go that nobody has used for a week', async () => {
    const [name = ''] = kept()
    fs.renameSync(join(folder, 'cache', 'tenor', name), join(folder, 'cache', 'tenor', 'workflows-old.js'))
    const longAgo = new Date(Date.now() - 8 * 86_400_000)
    fs.utimesSync(join(folder, 'cache', 'tenor', 'workflows-old.js'), longAgo, longAgo)
    await workflowBundle()
    expect(kept()).toEqual([name])
  }, 60_000)

  it('is made each time where nothing can be kept', async () => {
    fs.writeFileSync(join(folder, 'file'), '')
    process.env.XDG_CACHE_HOME = join(folder, 'file')
    expect((await workflowBundle()).code).toContain('financingTerm')
  }, 60_000)
})
