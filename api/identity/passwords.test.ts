import { hashPassword, hashSecret, isPassword, isSecret, newSecret } from './passwords.ts'

describe('a password', () => {
  it('is known again from its hash, and no other is', async () => {
    const kept = await hashPassword('correct horse battery staple')
    expect(kept).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$[\w+/]{22}\$[\w+/]{43}$/)
    expect(await isPassword('correct horse battery staple', kept)).toBe(true)
    for (const other of ['', 'correct horse battery stapl', 'Correct horse battery staple', `${kept}`]) {
      expect(await isPassword(other, kept)).toBe(false)
    }
  })

  it('has a salt of its own', async () => {
    expect(await hashPassword('same')).not.toBe(await hashPassword('same'))
  })

  it('is known from a hash that was made at another cost', async () => {
    // One of the test vectors of the reference implementation.
    const old = '$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc'
    expect(await isPassword('password', old)).toBe(true)
    expect(await isPassword('passwore', old)).toBe(false)
  })

  it('is nobody’s when there is no user', async () => {
    expect(await isPassword('anything', null)).toBe(false)
    await expect(isPassword('x', 'plain text')).rejects.toThrow('not known here')
  })
})

describe('a secret', () => {
  it('is known by each of the hashes that are good, and never twice the same', () => {
    const [one, two] = [newSecret(), newSecret()]
    expect(one).not.toBe(two)
    expect(isSecret(one, [hashSecret(two), hashSecret(one)])).toBe(true)
    expect(isSecret(one, [hashSecret(two)])).toBe(false)
    expect(isSecret(one, [])).toBe(false)
  })
})
