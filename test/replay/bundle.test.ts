import { bundledWorkflows } from './bundle.ts'

let code: string
let modules: string[]
beforeAll(async () => {
  const bundle = await bundledWorkflows()
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
