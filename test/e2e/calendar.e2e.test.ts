import { sharedTenor, type Tenor } from '../support/e2e-client.ts'
import type { Plan } from '../support/shapes.ts'

let tenor: Tenor
beforeAll(async () => {
  tenor = await sharedTenor()
})

const dueDates = (plan: Plan) => plan.installments.map((i) => i.due_date)
const chargedAt = (plan: Plan) => plan.installments.map((i) => i.attempts[0]?.at)

/** A term of `months` that is lived through to its end. */
async function lived(months: number, end: string, body: Record<string, unknown>): Promise<Plan> {
  const { clock, id } = await tenor.begin({
    term_duration: months,
    total_amount: months * 1_000,
    reminder_days: 0,
    ...body,
  })
  await tenor.advance(clock, end)
  return tenor.plan(id)
}

describe('months of 28 to 31 days', () => {
  it('bill day 31 on their last day, through a leap year', async () => {
    const plan = await lived(14, '2029-02-01T00:00:00Z', {
      now: '2027-12-01T00:00:00Z',
      start_date: '2027-12-15',
      billing_day: 31,
    })
    expect(dueDates(plan)).toEqual([
      ...['2027-12-31', '2028-01-31', '2028-02-29', '2028-03-31', '2028-04-30', '2028-05-31', '2028-06-30'],
      ...['2028-07-31', '2028-08-31', '2028-09-30', '2028-10-31', '2028-11-30', '2028-12-31', '2029-01-31'],
    ])
    expect(chargedAt(plan)).toEqual(dueDates(plan).map((date) => `${date}T09:00:00Z`))
  }, 120_000)

  it('bill day 29 on the 28th only in Februaries that have no 29th', async () => {
    const plan = await lived(14, '2028-03-01T00:00:00Z', {
      now: '2027-01-20T00:00:00Z',
      start_date: '2027-01-29',
      billing_day: 29,
    })
    expect([dueDates(plan)[1], dueDates(plan)[2], dueDates(plan)[13]]).toEqual([
      '2027-02-28',
      '2027-03-29',
      '2028-02-29',
    ])
    expect(chargedAt(plan)).toEqual(dueDates(plan).map((date) => `${date}T09:00:00Z`))
  }, 120_000)

  it('are first due on the start date where it is the billing day after clamping', async () => {
    const { plan } = await tenor.begin({ now: '2027-02-27T00:00:00Z', start_date: '2027-02-28', billing_day: 31 })
    expect(dueDates(plan).slice(0, 3)).toEqual(['2027-02-28', '2027-03-31', '2027-04-30'])
    expect(plan.end_date).toBe('2028-02-28')
  })

  it('end a term on the last day of a shorter month', async () => {
    const { plan } = await tenor.begin({ now: '2027-01-30T00:00:00Z', start_date: '2027-01-31', term_duration: 1 })
    expect([plan.end_date, dueDates(plan)]).toEqual(['2027-02-28', ['2027-02-15']])
  })
})

/** The 15th of each month of 2027 at 09:00 there, as UTC: `winter` and `summer` are the hours of the northern seasons. */
const ZONES: [zone: string, dayBefore: boolean, hours: number[]][] = [
  ['America/New_York', false, [14, 14, 13, 13, 13, 13, 13, 13, 13, 13, 14, 14]],
  ['Europe/London', false, [9, 9, 9, 8, 8, 8, 8, 8, 8, 8, 9, 9]],
  ['Australia/Sydney', true, [22, 22, 22, 23, 23, 23, 23, 23, 23, 22, 22, 22]],
  ['Pacific/Auckland', true, [20, 20, 20, 21, 21, 21, 21, 21, 21, 20, 20, 20]],
]

describe('zones on both sides of UTC, through both changes of the clock', () => {
  it('bill at the same time of day there, all the year', async () => {
    const plans = await Promise.all(
      ZONES.map(([timezone]) => lived(12, '2027-12-16T12:00:00Z', { now: '2027-01-10T00:00:00Z', timezone })),
    )
    for (const [index, [zone, dayBefore, hours]] of ZONES.entries()) {
      const plan = plans[index] as Plan
      const months = hours.map((_, month) => `2027-${String(month + 1).padStart(2, '0')}`)
      expect([zone, dueDates(plan)]).toEqual([zone, months.map((month) => `${month}-15`)])
      const moments = months.map(
        (month, k) => `${month}-${dayBefore ? 14 : 15}T${String(hours[k]).padStart(2, '0')}:00:00Z`,
      )
      expect([zone, plan.installments.map((i) => i.due_at)]).toEqual([zone, moments])
      expect([zone, chargedAt(plan)]).toEqual([zone, moments])
    }
  }, 120_000)

  it('count the days of a cancellation there', async () => {
    const { clock, id } = await tenor.begin({ timezone: 'Pacific/Auckland' })
    // 12:00 UTC on the 24th is 00:00 of the 25th in Auckland.
    await tenor.advance(clock, '2027-04-24T12:00:00Z')
    expect((await tenor.cancel(id)).cancellation).toMatchObject({ effective_date: '2027-04-25', used_days: 100 })
  })

  it('complete a plan at 00:00 of its end date there', async () => {
    const { clock, id } = await tenor.begin({ timezone: 'America/New_York', term_duration: 1, total_amount: 1_000 })
    await tenor.advance(clock, '2027-02-15T04:59:59Z')
    expect((await tenor.plan(id)).status).toBe('active')
    await tenor.advance(clock, '2027-02-15T05:00:00Z')
    expect((await tenor.plan(id)).status).toBe('completed')
  })
})

describe('a billing time that the day does not have, or has twice', () => {
  it('moves forward in the spring gap, and is charged once', async () => {
    const gap = { timezone: 'America/New_York', billing_time: '02:30', billing_day: 14 }
    const plan = await lived(3, '2027-04-15T00:00:00Z', {
      now: '2027-02-01T00:00:00Z',
      start_date: '2027-02-02',
      ...gap,
    })
    expect(chargedAt(plan)).toEqual(['2027-02-14T07:30:00Z', '2027-03-14T07:30:00Z', '2027-04-14T06:30:00Z'])
    expect(plan.installments.map((i) => i.attempts.length)).toEqual([1, 1, 1])
  })

  it('is the first of the two in autumn, and is charged once', async () => {
    const twice = { timezone: 'America/New_York', billing_time: '01:30', billing_day: 7 }
    const plan = await lived(2, '2027-12-08T00:00:00Z', {
      now: '2027-11-01T00:00:00Z',
      start_date: '2027-11-02',
      ...twice,
    })
    expect(chargedAt(plan)).toEqual(['2027-11-07T05:30:00Z', '2027-12-07T06:30:00Z'])
    expect(plan.installments.map((i) => i.attempts.length)).toEqual([1, 1])
  })
})
