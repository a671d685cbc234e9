import { printable } from './printable.ts'

describe('text in the letters of a plain PDF', () => {
  it.each([
    ['Zoë Müller-Ñandú', 'Zoë Müller-Ñandú'],
    ['Žák', 'Žák'],
    ['Dvořák', 'Dvorák'],
    ['Łukasz Żądło', 'Lukasz Zadlo'],
    ['O’Neil – “Z” €', 'O’Neil – “Z” €'],
    ['1\u202f000,00\u00a0€', '1 000,00 €'],
    ['Visa •••• 4242', 'Visa •••• 4242'],
    ['a\u0301', 'á'],
    ['two\nlines', 'two lines'],
    ['王小明', null],
    ['Иван', null],
    ['😀', null],
  ])('%j is %j', (text, printed) => {
    expect(printable(text)).toBe(printed)
  })
})
