import { randomBytes } from 'node:crypto'
import { keyRing } from '../../secrets/key-ring.ts'
import { NotOpened } from '../../secrets/seal.ts'
import { validSecrets, withNewSecret } from './secrets.ts'

const OWNER = { id: 'whe_1', keys: keyRing(`k1:${randomBytes(32).toString('base64')}`) }

const NOW = new Date('2027-01-15T14:00:00Z')
const later = (hours: number) => new Date(NOW.getTime() + hours * 3_600_000)

describe('the secrets of an endpoint', () => {
  it('are the new one and, for a day, the one before', () => {
    const kept = withNewSecret(withNewSecret([], 'one', NOW, OWNER), 'two', later(48), OWNER)
    expect(validSecrets(kept, later(48), OWNER)).toEqual(['two', 'one'])
    expect(validSecrets(kept, later(71.9), OWNER)).toEqual(['two', 'one'])
    expect(validSecrets(kept, later(72), OWNER)).toEqual(['two'])
  })

  it('keep to the day that each was promised when they are replaced again', () => {
    let kept = withNewSecret([], 'one', NOW, OWNER)
    kept = withNewSecret(kept, 'two', later(10), OWNER)
    kept = withNewSecret(kept, 'three', later(20), OWNER)
    expect(validSecrets(kept, later(20), OWNER)).toEqual(['three', 'two', 'one'])
    expect(validSecrets(kept, later(40), OWNER)).toEqual(['three', 'two'])
    expect(validSecrets(kept, later(50), OWNER)).toEqual(['three'])
  })

  it('are kept sealed, and are of no use to another endpoint', () => {
    const kept = withNewSecret([], 'whsec_one', NOW, OWNER)
    expect(JSON.stringify(kept)).not.toContain('whsec_one')
    expect(() => validSecrets(kept, NOW, { ...OWNER, id: 'whe_2' })).toThrow(NotOpened)
  })

  it('never grow without bounds', () => {
    let kept = withNewSecret([], 'first', NOW, OWNER)
    for (let n = 0; n < 50; n++) kept = withNewSecret(kept, `secret ${n}`, NOW, OWNER)
    expect(validSecrets(kept, NOW, OWNER)).toHaveLength(5)
    expect(validSecrets(kept, NOW, OWNER)[0]).toBe('secret 49')
  })
})
