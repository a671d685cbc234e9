import { PlayedLease } from '../../domain/leasing/example-lease.ts'
import { outOfStock } from '../../domain/leasing/order.ts'
import { formatMoney } from '../../domain/money.ts'
import { comingOfLease, LEASE_EVENTS } from './lease-timeline.ts'

const coming = (p: PlayedLease) => comingOfLease(p.plan).map(({ at, title }) => `${at} ${title}`)

describe('what a lease has before it', () => {
  it('is its dispatch, then what is asked and done at its end', () => {
    const p = new PlayedLease()
    expect(coming(p)).toEqual(['2027-01-16T09:00:00Z To be dispatched by 16 Jan 2027'])
    p.delivered()
    expect(coming(p)).toEqual([
      '2027-12-16T09:00:00Z The employee is asked what is to come at the end',
      '2028-01-08T09:00:00Z The employee is asked what is to come at the end',
      '2028-01-15T00:00:00Z The lease ends on 15 Jan 2028: the device is returned',
    ])
    expect(coming(p.to('2028-02-01'))).toEqual([])
  })
})

it('tells every step that its events are told of', () => {
  const given = new PlayedLease()
  given.says((plan, now) => outOfStock(plan, { substitute: 'dev_2' }, now))
  given.delivered().to('2028-02-01')
  const events = given.effects.flatMap((e) => (e.write === 'event' && e.type.startsWith('lease.') ? [e] : []))
  const titles = events.map(
    ({ type, data }) => LEASE_EVENTS[type]?.(data, (amount) => formatMoney(amount, 'USD')).title,
  )
  expect(titles).toEqual([
    'Another unit was put aside for it',
    'The device was delivered; the term has begun, and ends on 15 Jan 2028',
    'The lease is over: to be returned',
  ])
})
