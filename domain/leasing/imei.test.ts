import fc from 'fast-check'
import { imeiOf, withCheckDigit } from './imei.ts'

const first = fc.stringMatching(/^\d{14}$/)
const imei = first.map(withCheckDigit)
/** Another digit than the one that is there. */
const change = fc.record({ at: fc.nat(14), by: fc.integer({ min: 1, max: 9 }) })

it.each([
  ['490154203237518', '490154203237518'],
  ['49-015420-323751-8', '490154203237518'],
  [' 35 209900 176148 1 ', '352099001761481'],
  ['356938035643809', '356938035643809'],
])('knows %j', (written, kept) => {
  expect(imeiOf(written)).toBe(kept)
})

it.each([
  ['a wrong check digit', '490154203237519'],
  ['too short', '49015420323751'],
  ['with its software version', '4901542032375181'],
  ['letters', '49015420323751O'],
  ['digits of another script', '٤٩٠١٥٤٢٠٣٢٣٧٥١٨'],
  ['nothing', ''],
])('takes none that is %s', (_, written) => {
  expect(imeiOf(written)).toBeNull()
})

it('knows every number by its check digit, however it is grouped', () => {
  fc.assert(
    fc.property(
      imei,
      fc.array(fc.nat(15), { maxLength: 6 }),
      fc.constantFrom(' ', '-', '.'),
      (number, places, sign) => {
        const written = Array.from(number)
          .map((digit, k) => (places.includes(k) ? `${sign}${digit}` : digit))
          .join('')
        expect(imeiOf(written)).toBe(number)
      },
    ),
  )
})

it('finds every single digit that is wrong', () => {
  fc.assert(
    fc.property(imei, change, (number, { at, by }) => {
      const wrong = (Number(number[at]) + by) % 10
      expect(imeiOf(`${number.slice(0, at)}${wrong}${number.slice(at + 1)}`)).toBeNull()
    }),
  )
})

it('finds two neighbours that changed places, but 09 and 90', () => {
  fc.assert(
    fc.property(imei, fc.nat(13), (number, at) => {
      const [a, b] = [number[at], number[at + 1]]
      fc.pre(a !== b && ![`09`, `90`].includes(`${a}${b}`))
      expect(imeiOf(`${number.slice(0, at)}${b}${a}${number.slice(at + 2)}`)).toBeNull()
    }),
  )
})
