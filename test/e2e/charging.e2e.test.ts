import { extractText, getDocumentProxy } from 'unpdf'
import { sharedTenor, type Tenor } from '../support/e2e-client.ts'
import type { Plan } from '../support/shapes.ts'

let tenor: Tenor
beforeAll(async () => {
  tenor = await sharedTenor()
})

async function textOf(pdf: Uint8Array): Promise<string> {
  return (await extractText(await getDocumentProxy(pdf), { mergePages: true })).text
}

const count = (items: { type: string }[], type: string) => items.filter((item) => item.type === type).length

describe('a year of twelve instalments by card', () => {
  let customer: { id: string; email: string }
  let made: Plan
  let plan: Plan
  const amounts = [...Array<number>(11).fill(8_333), 8_337]

  beforeAll(async () => {
    customer = await tenor.customer()
    const clock = await tenor.clock('2027-01-10T12:00:00Z')
    made = await tenor.term({ customer_id: customer.id, test_clock: clock, total_amount: 100_000 })
    await tenor.advance(clock, '2028-01-14T23:59:59Z')
    expect((await tenor.plan(made.payment_terms_id)).status).toBe('active')
    await tenor.advance(clock, '2028-01-15T00:00:00Z')
    plan = await tenor.plan(made.payment_terms_id)
  }, 120_000)

  it('starts pending, with its whole schedule', () => {
    expect(made).toMatchObject({
      status: 'pending',
      end_date: '2028-01-15',
      paid_amount: 0,
      outstanding_amount: 100_000,
    })
    expect(made.next_billing_at).toBe('2027-01-15T09:00:00Z')
    expect(made.installments.map((i) => i.amount)).toEqual(amounts)
    expect(made.installments.map((i) => i.due_at).slice(0, 3)).toEqual([
      '2027-01-15T09:00:00Z',
      '2027-02-15T09:00:00Z',
      '2027-03-15T09:00:00Z',
    ])
  })

  it('is completed at 00:00 of its end date, everything paid', () => {
    expect(plan).toMatchObject({ status: 'completed', paid_amount: 100_000, refunded_amount: 0, outstanding_amount: 0 })
    expect(plan.next_billing_at).toBeNull()
    expect(plan.installments.map((i) => [i.status, i.paid_amount])).toEqual(amounts.map((amount) => ['paid', amount]))
    expect(plan.installments.map((i) => i.attempts.map((a) => [a.number, a.outcome, a.at]))).toEqual(
      made.installments.map((i) => [[1, 'succeeded', i.due_at]]),
    )
  })

  it('has one transaction an instalment, each one payment at the gateway', async () => {
    const transactions = await tenor.transactions(plan.payment_terms_id)
    expect(transactions.map((t) => [t.type, t.installment_number, t.attempt, t.amount, t.status])).toEqual(
      amounts.map((amount, index) => ['charge', index + 1, 1, amount, 'succeeded']),
    )
    const payments = await tenor.payments(customer.id)
    expect(payments.map((p) => [p.payment, p.net, p.charges_made])).toEqual(
      transactions.map((t) => [t.gateway_id, t.amount, 1]),
    )
  })

  it('has a ledger in which nothing is owed and cash is what the gateway holds', async () => {
    expect(await tenor.balances(plan.payment_terms_id)).toEqual({ receivable: 0, income: -100_000, cash: 100_000 })
  })

  it('has a receipt for every charge, with a PDF that says what was paid', async () => {
    const receipts = await tenor.receipts(plan.payment_terms_id)
    expect(receipts.map((r) => [r.type, r.amount])).toEqual(amounts.map((amount) => ['payment', amount]))
    const text = await textOf(await tenor.pdf(receipts[11]?.pdf_url ?? ''))
    expect(text).toContain('83.37')
    expect(text).toContain('Amara Okafor')
  })

  it('tells the customer once of each thing: terms, reminders, receipts, completion', async () => {
    const told = await tenor.notifications(plan.payment_terms_id)
    expect(told.every((n) => n.status === 'sent' && n.channel === 'email')).toBe(true)
    // The first reminder would have been due on the 12th, after the plan was made on the 10th.
    expect(count(told, 'payment.reminder')).toBe(12)
    expect(count(told, 'payment.receipt')).toBe(12)
    expect([count(told, 'terms.created'), count(told, 'terms.completed'), told.length]).toEqual([1, 1, 26])
    const mails = await tenor.inbox(customer.email)
    expect(mails.map((mail) => mail.times)).toEqual(Array(26).fill(1))
    expect(new Set(mails.map((mail) => mail.message_id)).size).toBe(26)
  })

  it('attaches to the mail the same receipt that the API gives', async () => {
    const mails = (await tenor.inbox(customer.email)).filter((mail) => mail.attachments.length > 0)
    expect(mails).toHaveLength(12)
    const [receipt] = await tenor.receipts(plan.payment_terms_id)
    // Letters that were due at one moment arrive in any order.
    const mail = mails.find(({ attachments: [pdf] }) => pdf?.filename.endsWith('-001.pdf'))
    expect(mail?.attachments[0]?.content_type).toBe('application/pdf')
    expect(mail?.text).toContain('83.33')
    expect(mail?.html).toContain('83.33')
    const attached = await tenor.pdf(`${tenor.at.inbox}${mail?.attachments[0]?.url}`)
    expect(await textOf(attached)).toBe(await textOf(await tenor.pdf(receipt?.pdf_url ?? '')))
  })

  it('has its events once each, in order', async () => {
    const events = await tenor.events(plan.payment_terms_id)
    expect(count(events, 'payment.completed')).toBe(12)
    expect([count(events, 'plan.created'), count(events, 'plan.completed')]).toEqual([1, 1])
    expect(events[0]?.type).toBe('plan.created')
    expect(events.at(-1)?.type).toBe('plan.completed')
    const moments = events.map((event) => event.occurred_at)
    expect(moments).toEqual(moments.toSorted())
  })

  it('has a timeline that says why each amount on each date, and has nothing more to come', async () => {
    const timeline = await tenor.timeline(plan.payment_terms_id)
    expect(timeline.filter((item) => item.coming)).toEqual([])
    const charges = timeline.filter((item) => item.type === 'payment')
    expect(charges).toHaveLength(12)
    expect(charges.every((item) => item.why !== null && item.outcome === 'succeeded')).toBe(true)
    expect(charges[11]?.title).toContain('83.37')
  })
})

describe('when it starts', () => {
  it('charges at once what was due yesterday', async () => {
    const clock = await tenor.clock('2027-01-16T12:00:00Z')
    const plan = await tenor.term({ customer_id: (await tenor.customer()).id, test_clock: clock })
    await tenor.advance(clock, '2027-01-16T12:00:01Z')
    const [first] = (await tenor.plan(plan.payment_terms_id)).installments
    expect(first).toMatchObject({ due_date: '2027-01-15', status: 'paid', attempts: [{ at: '2027-01-16T12:00:00Z' }] })
    const told = await tenor.notifications(plan.payment_terms_id)
    expect(count(told, 'payment.reminder')).toBe(0)
  })

  it('refuses a start before yesterday, in the zone of the plan', async () => {
    const clock = await tenor.clock('2027-01-16T12:00:00Z')
    const { id } = await tenor.customer()
    const refused = await tenor.createTerm({ customer_id: id, test_clock: clock, start_date: '2027-01-14' })
    expect(refused.status).toBe(422)
    // Noon in UTC is already the 17th in Auckland, where the 15th is the day before yesterday.
    const auckland = { customer_id: id, test_clock: clock, timezone: 'Pacific/Auckland' }
    expect((await tenor.createTerm({ ...auckland, start_date: '2027-01-15' })).status).toBe(422)
    expect((await tenor.createTerm({ ...auckland, start_date: '2027-01-16' })).status).toBe(201)
  })

  it('turns a timestamp into the date of the zone', async () => {
    const clock = await tenor.clock('2027-01-10T00:00:00Z')
    const { id } = await tenor.customer()
    const body = { customer_id: id, test_clock: clock, start_date: '2027-01-15T02:00:00Z' }
    expect((await tenor.term({ ...body, timezone: 'America/New_York' })).start_date).toBe('2027-01-14')
    expect((await tenor.term({ ...body, timezone: 'Pacific/Auckland' })).start_date).toBe('2027-01-15')
  })

  it('waits, pending, for a start in the future', async () => {
    const clock = await tenor.clock('2027-01-01T00:00:00Z')
    const plan = await tenor.term({ customer_id: (await tenor.customer()).id, test_clock: clock })
    await tenor.advance(clock, '2027-01-14T23:59:59Z')
    expect((await tenor.plan(plan.payment_terms_id)).status).toBe('pending')
    await tenor.advance(clock, '2027-01-15T00:00:00Z')
    expect(await tenor.plan(plan.payment_terms_id)).toMatchObject({ status: 'active', paid_amount: 0 })
  })

  it('refuses a plan for an unknown customer', async () => {
    expect((await tenor.createTerm({ customer_id: 'nobody-there', start_date: '2099-01-15' })).status).toBe(422)
  })
})

describe('a quote', () => {
  it('is the schedule of the creation, and makes nothing', async () => {
    const { id } = await tenor.customer()
    const clock = await tenor.clock('2027-01-10T00:00:00Z')
    const body = { total_amount: 100, start_date: '2027-01-15', term_duration: 12, billing_day: 31, test_clock: clock }
    const quote = await tenor.must<Plan>('POST', '/payment_terms/quote', { body })
    expect(quote.installments.map((i) => i.amount)).toEqual([...Array(11).fill(8), 12])
    expect(await tenor.all(`/payment_terms?customer_id=${id}`)).toEqual([])
    const plan = await tenor.term({ ...body, customer_id: id })
    const schedule = plan.installments.map(({ number, due_date, due_at, amount }) => ({
      number,
      due_date,
      due_at,
      amount,
    }))
    expect(schedule).toEqual(quote.installments)
  })
})

describe('instalments of nothing', () => {
  it('are waived on their due dates, and never sent to the gateway', async () => {
    const customer = await tenor.customer()
    const clock = await tenor.clock('2027-01-10T00:00:00Z')
    const plan = await tenor.term({ customer_id: customer.id, test_clock: clock, total_amount: 60, term_duration: 61 })
    await tenor.advance(clock, '2027-02-16T00:00:00Z')
    const now = await tenor.plan(plan.payment_terms_id)
    expect(now.installments.slice(0, 3).map((i) => [i.amount, i.status])).toEqual([
      [0, 'waived'],
      [0, 'waived'],
      [0, 'scheduled'],
    ])
    expect(now.installments.at(-1)).toMatchObject({ amount: 60, status: 'scheduled' })
    expect(await tenor.payments(customer.id)).toEqual([])
  })
})

describe('a term of ten years', () => {
  it('bills 120 times and completes', async () => {
    const customer = await tenor.customer()
    const clock = await tenor.clock('2027-01-31T00:00:00Z')
    const { payment_terms_id: id } = await tenor.term({
      customer_id: customer.id,
      test_clock: clock,
      total_amount: 1_000_000,
      start_date: '2027-01-31',
      term_duration: 120,
      billing_day: 31,
      reminder_days: 0,
    })
    await tenor.advance(clock, '2037-01-31T00:00:00Z')
    const plan = await tenor.plan(id)
    expect(plan).toMatchObject({ status: 'completed', paid_amount: 1_000_000, outstanding_amount: 0 })
    expect(plan.installments).toHaveLength(120)
    expect(plan.installments.every((i) => i.status === 'paid' && i.attempts.length === 1)).toBe(true)
    expect(await tenor.transactions(id)).toHaveLength(120)
    expect(await tenor.balances(id)).toEqual({ receivable: 0, income: -1_000_000, cash: 1_000_000 })
    const payments = await tenor.payments(customer.id)
    expect(payments.map((p) => p.net)).toEqual([...Array(119).fill(8_333), 1_000_000 - 119 * 8_333])
  }, 240_000)
})
