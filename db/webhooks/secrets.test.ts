import { validSecrets, withNewSecret } from './secrets.ts'

const NOW = new Date('2027-01-15T14:00:00Z')
const later = (hours: number) => new Date(NOW.getTime() + hours * 3_600_000)

describe('the secrets of an endpoint', () => {
  it('are the new one and, for a day, the one before', () => {
    const kept = withNewSecret(withNewSecret([], 'one', NOW), 'two', later(48))
    expect(validSecrets(kept, later(48))).toEqual(['two', 'one'])
    expect(validSecrets(kept, later(71.9))).toEqual(['two', 'one'])
    expect(validSecrets(kept, later(72))).toEqual(['two'])
  })

  it('keep to the day that each was promised when they are replaced again', () => {
    let kept = withNewSecret([], 'one', NOW)
    kept = withNewSecret(kept, 'two', later(10))
    kept = withNewSecret(kept, 'three', later(20))
    expect(validSecrets(kept, later(20))).toEqual(['three', 'two', 'one'])
    expect(validSecrets(kept, later(40))).toEqual(['three', 'two'])
    expect(validSecrets(kept, later(50))).toEqual(['three'])
  })

  it('never grow without bounds', () => {
    let kept = withNewSecret([], 'first', NOW)
    for (let n = 0; n < 50; n++) kept = withNewSecret(kept, `secret ${n}`, NOW)
    expect(validSecrets(kept, NOW)).toHaveLength(5)
    expect(validSecrets(kept, NOW)[0]).toBe('secret 49')
  })
})
