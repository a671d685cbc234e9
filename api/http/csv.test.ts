import fc from 'fast-check'
import { z } from 'zod'
import { readCsv } from './csv.ts'
import { Problem } from './problem.ts'

const SHAPE = z.object({ name: z.string().max(5), note: z.string().optional() })
const read = (text: string) => readCsv(text, SHAPE)

function problemOf(text: string): Pick<Problem, 'status' | 'code' | 'message' | 'errors'> {
  try {
    read(text)
  } catch (error) {
    if (error instanceof Problem) return error
    throw error
  }
  throw new Error('nothing was refused')
}

it('reads lines by the names of their columns, with line numbers as an editor has them', () => {
  expect(read('\ufeffnote, name \r\n"a, ""b""\nc",Ann\r\n\r\n , Bob \r\n')).toEqual({
    good: [
      { line: 3, value: { name: 'Ann', note: 'a, "b"\nc' } },
      { line: 5, value: { name: 'Bob' } },
    ],
    rejected: [],
  })
})

it('says of each line all that is wrong with it, and takes the others', () => {
  expect(read('name,note\nAnn,x\n,y\nMargaret\nBob,x,y\nEve')).toEqual({
    good: [
      { line: 2, value: { name: 'Ann', note: 'x' } },
      { line: 6, value: { name: 'Eve' } },
    ],
    rejected: [
      { line: 3, errors: [{ pointer: '/name', message: 'is required' }] },
      { line: 4, errors: [{ pointer: '/name', message: expect.stringContaining('<=5 characters') }] },
      { line: 5, errors: [{ pointer: '', message: 'has too many values' }] },
    ],
  })
})

it.each([
  ['of which a column is missing', 'note\nx', ['/name is missing in the header line']],
  [
    'with a column that is none',
    'name,age,__proto__\nAnn,1,2',
    ['/age is not a column here', '/__proto__ is not a column here'],
  ],
  ['with a column twice', 'name,name\nAnn,Bob', ['/name is there more than once in the header line']],
  ['without anything', '\n\n', ['/name is missing in the header line']],
])('refuses one %s', (_, text, told) => {
  const { status, errors } = problemOf(text)
  expect([status, errors?.map(({ pointer, message }) => `${pointer} ${message}`)]).toEqual([400, told])
})

it('refuses what is no CSV, and says where', () => {
  expect(problemOf('name\n"Ann')).toMatchObject({ status: 400, code: 'malformed_body' })
  expect(problemOf('name\n"Ann').message).toMatch(/Quote Not Closed.* line 2/i)
})

it('refuses more lines than it takes at once', () => {
  expect(read(`name\n${'Ann\n'.repeat(20_000)}`).good).toHaveLength(20_000)
  expect(problemOf(`name\n${'Ann\n'.repeat(20_001)}`)).toMatchObject({ status: 413, code: 'body_too_large' })
})

it('reads back whatever is written as RFC 4180 says', () => {
  const value = fc.string({ minLength: 1, unit: 'grapheme' }).filter((text) => text === text.trim())
  const shape = z.object({ a: z.string(), b: z.string() })
  const quoted = (text: string) => `"${text.replaceAll('"', '""')}"`
  fc.assert(
    fc.property(fc.array(fc.record({ a: value, b: value }), { maxLength: 5 }), (rows) => {
      const text = ['a,b', ...rows.map(({ a, b }) => `${quoted(a)},${quoted(b)}`)].join('\n')
      expect(readCsv(text, shape).good.map((line) => line.value)).toEqual(rows)
    }),
  )
})
