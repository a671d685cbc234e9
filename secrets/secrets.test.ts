import { randomBytes } from 'node:crypto'
import fc from 'fast-check'
import { blindIndex, blindIndexes, isIndexOf, KeyMissing, KeyRingRefused, keyRing } from './key-ring.ts'
import { close, NotOpened } from './seal.ts'
import { keyIdOf, type Place, resealed, seal, unseal } from './sealed.ts'

const secret = () => randomBytes(32).toString('base64')
const K1 = `k1:${secret()}`
const K2 = `k2:${secret()}`
const ring = keyRing(K1)
const both = keyRing(`${K2}\n${K1}\n`)
const PLACE: Place = ['customers', 'email', 'acme', 'amara']

describe('a key ring', () => {
  it('closes with its first key and knows all', () => {
    expect([both.active, both.ids]).toEqual(['k2', ['k2', 'k1']])
    expect(both.key('field', 'k1')).toEqual(ring.key('field', 'k1'))
  })

  it('has another key for each use', () => {
    const keys = (['field', 'payload', 'index'] as const).map((use) => ring.key(use, 'k1').toString('hex'))
    expect(new Set(keys).size).toBe(3)
    expect(keys).not.toContain(Buffer.from(K1.slice(3), 'base64').toString('hex'))
  })

  it.each([
    ['', 'holds no key'],
    [' , ,', 'holds no key'],
    ['k1', 'entry 1 is not id:base64'],
    [`${K1},:${secret()}`, 'entry 2 is not id:base64'],
    [`ke.y:${secret()}`, 'entry 1 is not id:base64'],
    [`k1:${randomBytes(16).toString('base64')}`, 'the key "k1" is not 32 bytes in base64'],
    [`k1:${'%'.repeat(43)}=`, 'the key "k1" is not 32 bytes in base64'],
    [`${K1},${K1}`, 'two keys by the same id'],
  ])('is refused as %j, without a word of what it holds', (text, message) => {
    expect(() => keyRing(text)).toThrow(KeyRingRefused)
    expect(() => keyRing(text)).toThrow(message)
  })
})

describe('a sealed value', () => {
  it('opens where it was sealed, whatever it is', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (value) => {
        expect(unseal(ring, PLACE, seal(ring, PLACE, value))).toBe(value)
      }),
    )
  })

  it('is another one each time and shows nothing but its key', () => {
    const [one, two] = [seal(ring, PLACE, 'amara@example.com'), seal(ring, PLACE, 'amara@example.com')]
    expect(one).not.toBe(two)
    expect(one).toMatch(/^v1\.k1\.[\w-]+$/)
    expect(Buffer.from(one.split('.')[2] ?? '', 'base64url').toString('latin1')).not.toContain('amara')
  })

  it('opens in no other table, column, row or tenant', () => {
    const sealed = seal(ring, PLACE, 'amara@example.com')
    for (const place of [
      ['people', 'email', 'acme', 'amara'],
      ['customers', 'phone', 'acme', 'amara'],
      ['customers', 'email', 'acme', 'chidi'],
      ['customers', 'email', 'globex', 'amara'],
      ['customers', 'email', 'acmeamara', ''],
    ] as Place[]) {
      expect(() => unseal(ring, place, sealed)).toThrow(NotOpened)
    }
  })

  it('does not open with another key by the same id, nor without its key', () => {
    const sealed = seal(ring, PLACE, 'amara@example.com')
    expect(() => unseal(keyRing(`k1:${secret()}`), PLACE, sealed)).toThrow(NotOpened)
    expect(() => unseal(keyRing(K2), PLACE, sealed)).toThrow(KeyMissing)
    expect(() => unseal(keyRing(K2), PLACE, sealed)).toThrow('The key "k1" is not in TENOR_KEYS (k2)')
  })

  it('does not open when any bit of it was changed, or when it is cut', () => {
    const sealed = seal(ring, PLACE, 'amara@example.com')
    const bytes = Buffer.from(sealed.split('.')[2] ?? '', 'base64url')
    const from = (changed: Buffer) => `v1.k1.${changed.toString('base64url')}`
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const changed = Buffer.from(bytes)
      changed.writeUInt8(changed.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3)
      expect(() => unseal(ring, PLACE, from(changed))).toThrow(NotOpened)
    }
    for (let length = 0; length < bytes.length; length++) {
      expect(() => unseal(ring, PLACE, from(bytes.subarray(0, length)))).toThrow(NotOpened)
    }
  })

  it('is never made of anything else: the error says where, not what', () => {
    const bytes = fc.uint8Array({ maxLength: 200 }).map((some) => Buffer.from(some))
    const key = fc.oneof(fc.constantFrom('k1', 'k2'), fc.string({ maxLength: 40 }))
    const forged = fc.tuple(key, bytes).map(([id, body]) => `v1.${id}.${body.toString('base64url')}`)
    const text = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.string().map((rest) => `v1.k1.${rest}`),
      bytes.map((some) => some.toString('latin1')),
      forged,
    )
    const refusal = (sealed: string): unknown => {
      try {
        return unseal(ring, PLACE, sealed)
      } catch (error) {
        return error
      }
    }
    fc.assert(
      fc.property(text, (sealed) => {
        const error = refusal(sealed)
        if (keyIdOf(sealed) === undefined || keyIdOf(sealed) === 'k1') expect(error).toBeInstanceOf(NotOpened)
        else expect(error).toBeInstanceOf(KeyMissing)
      }),
      { numRuns: 500 },
    )
    expect(() => unseal(ring, PLACE, 'amara@example.com')).toThrow(
      '["customers","email","acme","amara"] was never sealed',
    )
  })

  it('opens at no other place, whatever it is called, and not with the key of another use', () => {
    const place = fc
      .tuple(fc.string(), fc.string(), fc.array(fc.string(), { maxLength: 3 }))
      .map(([table, column, row]): Place => [table, column, ...row])
    fc.assert(
      fc.property(place, place, fc.string(), (here, there, value) => {
        const sealed = seal(ring, here, value)
        expect(unseal(ring, here, sealed)).toBe(value)
        if (JSON.stringify(here) !== JSON.stringify(there)) expect(() => unseal(ring, there, sealed)).toThrow(NotOpened)
        for (const use of ['payload', 'index'] as const) {
          const closed = close(ring.key(use, 'k1'), JSON.stringify(here), Buffer.from(value))
          expect(() => unseal(ring, here, `v1.k1.${closed.toString('base64url')}`)).toThrow(NotOpened)
        }
      }),
    )
  })

  it('goes over to the active key, and stays when it has', () => {
    const old = seal(ring, PLACE, 'amara@example.com')
    const young = resealed(both, PLACE, old)
    expect([keyIdOf(young), unseal(keyRing(K2), PLACE, young)]).toEqual(['k2', 'amara@example.com'])
    expect(resealed(both, PLACE, young)).toBe(young)
  })
})

describe('a blind index', () => {
  const ABOUT = ['customers', 'email', 'acme']

  it('is the same for the same, and different for everything else', () => {
    const hash = blindIndex(ring, ABOUT, 'amara@example.com')
    expect(hash).toBe(blindIndex(ring, ABOUT, 'amara@example.com'))
    expect(hash).not.toBe(blindIndex(ring, ['customers', 'email', 'globex'], 'amara@example.com'))
    expect(hash).not.toBe(blindIndex(ring, ABOUT, 'amara@example.co'))
    expect(hash).not.toBe(blindIndex(keyRing(`k1:${secret()}`), ABOUT, 'amara@example.com'))
  })

  it('finds what was hashed before the key was changed', () => {
    const hash = blindIndex(ring, ABOUT, 'amara@example.com')
    expect(blindIndexes(both, ABOUT, 'amara@example.com')).toContain(hash)
    expect(isIndexOf(both, ABOUT, 'amara@example.com', hash)).toBe(true)
    expect(isIndexOf(both, ABOUT, 'chidi@example.com', hash)).toBe(false)
    expect(() => isIndexOf(keyRing(K2), ABOUT, 'amara@example.com', hash)).toThrow(KeyMissing)
  })
})
