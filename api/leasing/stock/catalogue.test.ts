import { cachedCatalogue, type Offer } from './catalogue.ts'

const em = {} as never

function world() {
  const at = { now: 0, reads: 0, stock: 1, fails: false }
  const read = async (_: unknown, tenant: string) => {
    at.reads += 1
    if (at.fails) throw new Error('out of reach')
    return [{ available: at.stock, words: tenant } as Offer]
  }
  const catalogue = cachedCatalogue(read, () => at.now)
  const available = async (tenant = 'a') => (await catalogue(em, tenant))[0]?.available
  return { at, available, catalogue }
}

it('reads once for everybody who asks within a second, and again after it', async () => {
  const { at, available } = world()
  expect(await Promise.all([available(), available(), available()])).toEqual([1, 1, 1])
  at.stock = 2
  at.now = 799
  expect([await available(), at.reads]).toEqual([1, 1])
  at.now = 800
  expect([await available(), at.reads]).toEqual([2, 2])
})

it('counts from before it was read, so that nothing older than a second is given out', async () => {
  const { at, available } = world()
  const asked = available()
  at.now = 900
  expect(await asked).toBe(1)
  at.stock = 0
  expect(await available()).toBe(0)
})

it('keeps tenants apart', async () => {
  const { at, catalogue } = world()
  expect((await catalogue(em, 'a'))[0]?.words).toBe('a')
  expect((await catalogue(em, 'b'))[0]?.words).toBe('b')
  expect(at.reads).toBe(2)
})

it('keeps no failure', async () => {
  const { at, available } = world()
  at.fails = true
  await expect(available()).rejects.toThrow('out of reach')
  at.fails = false
  expect(await available()).toBe(1)
})
