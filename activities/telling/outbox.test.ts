import { inWords } from './outbox.ts'

describe('what went wrong, in words', () => {
  it('names no address', () => {
    const refused = new Error(
      "Can't send mail - all recipients were rejected: 550 5.1.1 <amara+x@mail.example.com>: unknown",
    )
    expect(inWords(refused)).toBe(
      "Error: Can't send mail - all recipients were rejected: 550 5.1.1 <(address)>: unknown",
    )
    expect(inWords('550 amara@example.com, mailbox full')).toBe('550 (address), mailbox full')
  })

  it('says why', () => {
    const refused = new Error('connect ECONNREFUSED 127.0.0.1:443')
    const failed = new TypeError('fetch failed', { cause: refused })
    expect(inWords(new Error('The case was not saved', { cause: failed }))).toBe(
      'Error: The case was not saved: fetch failed: connect ECONNREFUSED 127.0.0.1:443',
    )
    expect(inWords(new Error('Refused', { cause: { code: 'REFUSED' } }))).toBe('Error: Refused')
  })

  it('is short', () => {
    expect(inWords(new Error('x'.repeat(1_000)))).toHaveLength(300)
  })
})
