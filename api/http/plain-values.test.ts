import fc from 'fast-check'
import { canonicalJson, unstorableParts } from './plain-values.ts'

describe('what cannot be stored', () => {
  it('is found wherever it is, by pointer', () => {
    const body = { a: ['ok', 'x\u0000'], 'b/c~d': { e: '\ud800' }, n: 1e21, f: 1.5, 'k\u0000': 1 }
    expect(unstorableParts(body).toSorted((a, b) => (a.pointer < b.pointer ? -1 : 1))).toEqual([
      { pointer: '', message: 'has a field whose name contains a NUL character' },
      { pointer: '/a/1', message: 'contains a NUL character' },
      { pointer: '/b~1c~0d/e', message: 'contains half of a surrogate pair' },
      { pointer: '/n', message: 'is a number too large to be held exactly' },
    ])
  })

  it('is nesting without end as well, however deep', () => {
    const deep = JSON.parse(`${'['.repeat(50_000)}${']'.repeat(50_000)}`)
    expect(unstorableParts(deep)).toHaveLength(1)
    expect(unstorableParts({ a: { b: [{ c: 1 }] } })).toEqual([])
  })
})

describe('canonical JSON', () => {
  it('is the same whatever the order of the fields, and only then', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (value) => {
        const reversed = Object.fromEntries(Object.entries(value).toReversed())
        expect(canonicalJson(reversed)).toBe(canonicalJson(value))
      }),
    )
    expect(canonicalJson({ a: [1, 2] })).not.toBe(canonicalJson({ a: [2, 1] }))
  })
})
