import { readFileSync } from 'node:fs'
import { breakingChanges, type Described, type Operation, type Schema } from './breaking-changes.ts'

const of = (operation: Partial<Operation>, schemas: Record<string, Schema> = {}): Described => ({
  paths: { '/things': { post: { responses: {}, ...operation } } },
  components: { schemas },
})
const json = (schema: Schema) => ({ content: { 'application/json': { schema } } })
const taking = (schema: Schema) => of({ requestBody: json(schema) })
const answering = (schema: Schema) => of({ responses: { 200: json(schema) } })
const told = (before: Described, after: Described) =>
  breakingChanges(before, after).map((what) => what.replace('POST /things: ', ''))

const text = { type: 'string' }
const maybe = { type: ['string', 'null'] }
const object = (properties: Record<string, Schema>, required: string[] = []): Schema => ({
  type: 'object',
  properties,
  required,
})

describe('what would break a client', () => {
  it('is an operation, a parameter, a body or an answer that is gone, or is needed now', () => {
    const limit = { name: 'limit', in: 'query' }
    expect(told(of({}), { paths: {} })).toEqual(['is gone'])
    expect(told(of({ parameters: [limit] }), of({}))).toEqual(['parameter limit is gone'])
    expect(told(of({}), of({ parameters: [{ ...limit, required: true }] }))).toEqual(['parameter limit is needed now'])
    expect(told(taking(text), of({}))).toEqual(['body: application/json is gone'])
    expect(told(of({}), of({ requestBody: { ...json(text), required: true } }))).toEqual(['a body is needed now'])
    expect(told(of({ responses: { 201: {}, 409: {} } }), of({ responses: { 200: {} } }))).toEqual(['201 is gone'])
  })

  it.each<[string, Schema, Schema]>([
    ['body/why is gone', object({ why: text }), object({})],
    ['body/why is needed now', object({ why: text }), object({ why: text }, ['why'])],
    ['body is no longer b', { enum: ['a', 'b'] }, { enum: ['a'] }],
    ['body is one of 2 words now', text, { type: 'string', enum: ['a', 'b'] }],
    ['body has another maximum', { type: 'integer', maximum: 100 }, { type: 'integer', maximum: 50 }],
    ['body has another minLength', text, { type: 'string', minLength: 1 }],
    ['body has another pattern', text, { type: 'string', pattern: '^a' }],
    ['body is integer, not string', text, { type: 'integer' }],
    ['body takes less', maybe, text],
    ['body takes less', { oneOf: [object({ a: text }), object({ b: text })] }, object({ a: text })],
    ['body/*/why is gone', { type: 'array', items: object({ why: text }) }, { type: 'array', items: object({}) }],
  ])('is a request of which %s', (what, before, after) => {
    expect(told(taking(before), taking(after))).toEqual([what])
  })

  it.each<[string, Schema, Schema]>([
    ['200/id is gone', object({ id: text }), object({})],
    ['200/id may be missing', object({ id: text }, ['id']), object({ id: text })],
    ['200/id may be something else', object({ id: text }), object({ id: maybe })],
    ['200/id is integer, not string', object({ id: text }), object({ id: { type: 'integer' } })],
    ['200 may be something else', text, { anyOf: [text, object({})] }],
  ])('is an answer of which %s', (what, before, after) => {
    expect(told(answering(before), answering(after))).toEqual([what])
  })

  it('is found in schemas that have names, and that hold themselves', () => {
    const tree = { $ref: '#/components/schemas/Tree' }
    const named = (leaf: Schema) =>
      of({ responses: { 200: json(tree), 201: json(tree) } }, { Tree: object({ leaf, next: tree }) })
    expect(told(named(text), named(maybe))).toEqual(['200/leaf may be something else'])
    expect(told(named(text), named(text))).toEqual([])
  })

  it('is not what is only added', () => {
    const more = { ...of({ parameters: [{ name: 'more', in: 'query' }], responses: { 200: {}, 409: {} } }) }
    expect(told(of({ responses: { 200: {} } }), more)).toEqual([])
    expect(told(taking(object({ a: text }, ['a'])), taking(object({ a: maybe, b: text })))).toEqual([])
    expect(told(answering(object({ a: maybe })), answering(object({ a: text, b: text }, ['b'])))).toEqual([])
    expect(told(answering({ enum: ['a'] }), answering({ enum: ['a', 'b'] }))).toEqual([])
  })

  it('is seen in the description of this API', () => {
    const ours: Described = JSON.parse(readFileSync('api/openapi.json', 'utf8'))
    const { '/events': _, ...others } = ours.paths
    expect(breakingChanges(ours, ours)).toEqual([])
    expect(breakingChanges(ours, { ...ours, paths: others })).toEqual(['GET /events: is gone'])
  })
})
