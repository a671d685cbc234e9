import { RULE_CODES, RuleBroken, refuse } from './errors.ts'

describe('a broken rule', () => {
  it('says by its code whether the plan or the request is at fault', () => {
    const error = new RuleBroken('already_canceled', 'The plan is cancelled')
    expect(error).toBeInstanceOf(Error)
    expect(error).toMatchObject({
      name: 'RuleBroken',
      kind: 'conflict',
      message: 'The plan is cancelled',
      detail: 'The plan is cancelled',
    })
    expect(new RuleBroken('date_invalid', 'x').kind).toBe(RULE_CODES.date_invalid)
  })

  it('is thrown once for all problems, and not for none', () => {
    const problems = [
      { pointer: '/a', message: 'a is wrong' },
      { pointer: '/b', message: 'b is wrong' },
    ]
    expect(() => refuse([])).not.toThrow()
    expect(() => refuse(problems)).toThrow(
      expect.objectContaining({ kind: 'unprocessable', errors: problems, detail: 'a is wrong; b is wrong' }),
    )
  })
})
