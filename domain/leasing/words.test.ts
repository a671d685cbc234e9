import { planInWords, wakeInWords } from '../plans/words.ts'
import { endChosen, gone } from './end.ts'
import { PlayedLease } from './example-lease.ts'

const facts = (p: PlayedLease) =>
  planInWords(p.plan)
    .split('\n\n')[0]
    ?.split('\n')
    .map((line) => line.slice(2)) ?? []

describe('a lease in words', () => {
  it('says where the device is, and what is to come', () => {
    const p = new PlayedLease()
    expect(facts(p)).toEqual(
      expect.arrayContaining([
        'Device Phone, unit `dev_1`',
        'Of `cli_1`, paid by payroll',
        'To be dispatched by 16 Jan 2027',
      ]),
    )
    p.delivered()
    expect(facts(p)).toContain('Ends on 15 Jan 2028, then the device is returned')
    p.says((plan) => endChosen(plan, { choice: 'extend', months: 3 }))
    expect(facts(p)).toContain('Ends on 15 Jan 2028, then it goes on for 3 months at $50.00')
    p.says((plan) => endChosen(plan, { choice: 'buy_out' }))
    expect(facts(p)).toContain('Ends on 15 Jan 2028, then it is bought for $150.00')
    p.says((plan, now) => gone(plan, 'stolen', now))
    expect(facts(p)).toContain('Stolen 15 Jan 2027 08:00 UTC')
  })

  it('says what it sleeps until', () => {
    const ordered = new PlayedLease().plan
    expect(wakeInWords(ordered, '2027-01-16T09:00:00Z')).toBe(
      'Reminder to dispatch the device; sent 16 Jan 2027 09:00 UTC',
    )
    const late = new PlayedLease().to('2027-01-16').plan
    expect(wakeInWords(late, '2027-01-17T09:00:00Z')).toBe(
      'A broker is told that the device is not dispatched 17 Jan 2027 09:00 UTC',
    )
    const { plan } = new PlayedLease().delivered()
    expect(wakeInWords(plan, '2027-12-16T09:00:00Z')).toBe('Asks what is to come at the end; 16 Dec 2027 09:00 UTC')
    expect(wakeInWords(plan, '2028-01-15T00:00:00Z')).toBe(
      'The term ends, then the device is returned; 15 Jan 2028 00:00 UTC',
    )
  })
})
