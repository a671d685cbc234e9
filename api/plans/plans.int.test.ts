import { type ApiWorld, startApiWorld, tokenOf } from '../../test/support/api-world.ts'

let world: ApiWorld
beforeAll(async () => {
  world = await startApiWorld()
}, 120_000)
afterAll(async () => world?.close())

let count = 0
async function customer(fields: object = {}): Promise<string> {
  count += 1
  const named = { customer_id: `holder ${count}/é`, name: 'Amara Okafor', email: 'amara@example.com' }
  const made = await world.ask('POST', '/customers', { body: { ...named, payment_method: 'pm_card_visa', ...fields } })
  expect(made.status).toBe(201)
  return made.body.customer_id
}

async function clock(frozen_time = '2027-01-15T10:00:00Z'): Promise<string> {
  const made = await world.ask('POST', '/test_clocks', { body: { frozen_time } })
  expect(made).toMatchObject({ status: 201, body: { status: 'ready', now: frozen_time } })
  return made.body.test_clock_id
}

/** Nobody sends mail in this world, so that the clock's own row says when its plans rest. */
async function advance(id: string, to: string): Promise<void> {
  expect((await world.ask('POST', `/test_clocks/${id}/advance`, { body: { to } })).status).toBe(200)
  for (;;) {
    const [row] = await world.orm.em.fork().execute('select status from test_clocks where id = ?', [id])
    if (row?.status === 'ready') return
    await new Promise((done) => setTimeout(done, 50))
  }
}

const term = (more: object = {}) => ({
  total_amount: 120_000,
  start_date: '2027-01-15',
  term_duration: 12,
  billing_day: 15,
  ...more,
})

async function start(more: object = {}): Promise<{ url: string; clock: string; id: string }> {
  const test_clock = await clock()
  const body = term({ customer_id: await customer(), test_clock, ...more })
  const made = await world.ask('POST', '/payment_terms', { body })
  expect(made.status).toBe(201)
  const id = made.body.payment_terms_id
  return { url: `/payment_terms/${id}`, clock: test_clock, id }
}

describe('a financing term over HTTP', () => {
  it('is quoted as it is then made', async () => {
    const [test_clock, customer_id] = [await clock(), await customer()]
    const quote = await world.ask('POST', '/payment_terms/quote', { body: term({ test_clock, total_amount: 100_000 }) })
    expect(quote.status).toBe(200)
    expect(quote.body.installments.map((i: { amount: number }) => i.amount)).toEqual([...Array(11).fill(8_333), 8_337])
    expect(await world.orm.em.fork().execute('select count(*)::int as n from plans')).toEqual([{ n: 0 }])

    const given = { metadata: { policy: 'P-1' }, payment_terms: { net: [1, { a: null }] } }
    const body = term({ customer_id, test_clock, total_amount: 100_000, ...given })
    const made = await world.ask('POST', '/payment_terms', { body, headers: { 'x-request-id': 'req-1' } })
    expect(made.status).toBe(201)
    expect(made.headers['x-request-id']).toBe('req-1')
    expect(made.headers.location).toBe(`/payment_terms/${made.body.payment_terms_id}`)
    expect(made.body).toMatchObject({ kind: 'financing', status: 'active', customer_id, coupon_code: null, ...given })
    expect(made.body.workflow).toMatchObject({
      workflow_id: `payment-terms-${made.body.payment_terms_id}`,
      ui_url: `http://ui.test/namespaces/default/workflows/payment-terms-${made.body.payment_terms_id}`,
    })
    const schedule = made.body.installments.map(({ number, due_date, due_at, amount }: Record<string, unknown>) => ({
      number,
      due_date,
      due_at,
      amount,
    }))
    expect(schedule).toEqual(quote.body.installments)
    const { memo } = await world.deps.temporal.workflow.getHandle(made.body.workflow.workflow_id).describe()
    expect(memo).toMatchObject({ request_id: 'req-1' })
  })

  it('is charged as time goes by, and every movement can be read', async () => {
    const { url, clock, id } = await start()
    await advance(clock, '2027-03-16T00:00:00Z')
    const read = await world.ask('GET', url)
    expect(read.body).toMatchObject({
      paid_amount: 30_000,
      outstanding_amount: 90_000,
      next_billing_at: '2027-04-15T09:00:00Z',
    })
    expect(read.body.installments[1]).toMatchObject({
      status: 'paid',
      attempts: [{ number: 1, outcome: 'succeeded', decline_code: null, at: '2027-02-15T09:00:00Z' }],
    })
    const transactions = await world.ask('GET', `${url}/transactions?limit=2`)
    expect(transactions.body.data).toHaveLength(2)
    const rest = await world.ask('GET', `${url}/transactions?limit=2&cursor=${transactions.body.next_cursor}`)
    expect(rest.body).toMatchObject({ data: [{ plan_id: id, amount: 10_000, status: 'succeeded' }], next_cursor: null })

    const ledger = await world.ask('GET', `${url}/ledger`)
    const postings = ledger.body.data.flatMap(
      (entry: { postings: { account: string; amount: number }[] }) => entry.postings,
    )
    const sum = (account: string) =>
      postings.reduce(
        (total: number, p: { account: string; amount: number }) => total + (p.account === account ? p.amount : 0),
        0,
      )
    expect([sum('receivable'), sum('cash'), sum('income')]).toEqual([90_000, 30_000, -120_000])

    const receipts = await world.ask('GET', `${url}/receipts`)
    expect(receipts.body.data).toHaveLength(3)
    const pdf = await world.ask('GET', receipts.body.data[0].pdf_url)
    expect([pdf.status, pdf.headers['content-type'], pdf.text.slice(0, 5)]).toEqual([200, 'application/pdf', '%PDF-'])

    const events = await world.ask('GET', `/events?plan_id=${id}&type=payment.completed`)
    expect(events.body.data).toHaveLength(3)
    expect((await world.ask('GET', `/events/${encodeURIComponent(events.body.data[0].event_id)}`)).body).toEqual(
      events.body.data[0],
    )
    const readOn = (event: string) =>
      world.ask('GET', `/events?plan_id=${id}&type=payment.completed&after=${encodeURIComponent(event)}`)
    const [first, ...others] = events.body.data as { event_id: string }[]
    expect((await readOn(first?.event_id ?? '')).body).toEqual({ data: others, next_cursor: null })
    const last = others.at(-1)?.event_id ?? ''
    expect((await readOn(last)).body).toEqual({ data: [], next_cursor: null })
    expect(await readOn('evt_nobodys')).toMatchObject({ status: 400, body: { errors: [{ pointer: '/after' }] } })
    expect((await world.ask('GET', `/events?after=${encodeURIComponent(last)}&cursor=x`)).status).toBe(400)
    expect((await world.ask('GET', `/notifications?plan_id=${id}&type=payment.receipt`)).body.data).toHaveLength(3)
  })

  it('tells of a pause with its end, and what comes after it', async () => {
    const { url, clock } = await start({ billing_day: 31, start_date: '2027-01-31' })
    await advance(clock, '2027-02-10T00:00:00Z')
    const pausing = { mode: 'extend', until: '2027-04-10' }
    const { body } = await world.ask('POST', `${url}/pause`, { body: pausing })
    expect(body).toMatchObject({ next_billing_at: '2027-04-30T09:00:00Z', pause: { until: '2027-04-10T00:00:00Z' } })
    const { data } = (await world.ask('GET', `${url}/timeline`)).body
    const coming = data.filter((item: { coming: boolean; type: string }) => item.coming && item.type !== 'reminder')
    expect(coming[0]).toMatchObject({
      type: 'resumption',
      at: '2027-04-10T00:00:00Z',
      title: 'The payment holiday ends 10 Apr 2027 00:00 UTC',
    })
    expect(coming[1]).toMatchObject({
      installment_number: 4,
      title: 'Instalment 4 of 12, $100.00, is charged 30 Apr 2027 09:00 UTC',
    })
    expect(coming.slice(-2)).toMatchObject([
      { installment_number: 2, at: '2028-01-31T09:00:00Z', why: expect.stringContaining('moved from 28 Feb 2027') },
      { installment_number: 3, at: '2028-02-29T09:00:00Z' },
    ])
    expect((await world.ask('POST', `${url}/pause`, { body: { mode: 'extend' } })).body).toMatchObject({
      status: 409,
      code: 'already_paused',
    })
    await world.ask('POST', `${url}/resume`)
    const again = { mode: 'catch_up', until: '2027-02-01' }
    expect((await world.ask('POST', `${url}/pause`, { body: again })).body).toMatchObject({
      status: 422,
      errors: [{ pointer: '/until' }],
    })
    expect((await world.ask('POST', `${url}/resume`)).body).toMatchObject({ status: 409, code: 'not_paused' })
  })

  it('tells its story: what happened and what will, and why', async () => {
    const { url, clock } = await start({ billing_day: 31, start_date: '2027-01-31' })
    await advance(clock, '2027-02-01T00:00:00Z')
    const { data } = (await world.ask('GET', `${url}/timeline`)).body
    const titles = data.map((item: { title: string }) => item.title)
    expect(titles).toContain('Agreed: $1,200.00 in all')
    expect(titles).toContain('Instalment 1, $100.00: succeeded')
    expect(data.find((item: { type: string }) => item.type === 'due')).toMatchObject({
      at: '2027-02-28T09:00:00Z',
      title: 'Instalment 2 of 12, $100.00, is charged 28 Feb 2027 09:00 UTC',
      why: 'Billing day 31, the last day of a month that is shorter, at 09:00 in UTC',
      coming: true,
    })
    expect(data.at(-1)).toMatchObject({ type: 'completion', at: '2028-01-31T00:00:00Z' })
    const moments = data.map((item: { at: string; coming: boolean }) => item.at)
    expect(moments).toEqual(moments.toSorted())
  })

  it('is adjusted exactly as the preview said', async () => {
    const { url, clock } = await start()
    await advance(clock, '2027-03-16T00:00:00Z')
    const before = await world.ask('GET', url)
    const preview = await world.ask('PATCH', `${url}?preview=true`, { body: { total_amount: 150_000 } })
    expect((await world.ask('GET', url)).body).toEqual(before.body)
    const adjusted = await world.ask('PATCH', url, { body: { total_amount: 150_000 } })
    expect(adjusted.status).toBe(200)
    expect(adjusted.body).toMatchObject({
      preview: false,
      provisional: false,
      charge_of_the_day: 'none',
      adjustment: { previous_total_amount: 120_000, total_amount: 150_000, refunded: 0, charged: 0 },
    })
    expect(adjusted.body.installments.map((i: { amount: number }) => i.amount).slice(3)).toEqual([
      ...Array(8).fill(13_333),
      13_336,
    ])
    const { updated_at, workflow } = before.body
    expect({ ...preview.body, preview: false }).toEqual({ ...adjusted.body, updated_at, workflow })

    const stale = await world.ask('PATCH', url, {
      body: { total_amount: 1 },
      headers: { 'if-match': String(before.headers.etag) },
    })
    expect(stale).toMatchObject({ status: 412, body: { code: 'stale' } })
    const fresh = (await world.ask('GET', url)).headers.etag as string
    expect((await world.ask('GET', url, { headers: { 'if-none-match': fresh } })).status).toBe(304)
    const matched = await world.ask('PATCH', url, { body: { total_amount: 160_000 }, headers: { 'if-match': fresh } })
    expect(matched.status).toBe(200)
  })

  it('is cancelled once, for what was quoted', async () => {
    const { url, clock } = await start()
    await advance(clock, '2027-04-25T00:00:00Z')
    const quote = await world.ask('GET', `${url}/cancellation_quote`)
    expect(quote.body).toMatchObject({
      effective_date: '2027-04-25',
      used_days: 100,
      term_days: 365,
      earned_amount: 32_877,
      refund_amount: 7_123,
    })
    const preview = await world.ask('DELETE', `${url}?preview=true`)
    expect(preview.body).toMatchObject({ preview: true, cancellation: quote.body })
    expect((await world.ask('GET', url)).body.status).toBe('active')

    const canceled = await world.ask('DELETE', url)
    expect(canceled).toMatchObject({ status: 200, body: { preview: false, cancellation: quote.body } })
    await advance(clock, '2027-04-26T00:00:00Z')
    const again = await world.ask('DELETE', url)
    expect(again).toMatchObject({
      status: 200,
      body: { status: 'canceled', refunded_amount: 7_123, cancellation: quote.body },
    })
    const late = await world.ask('PATCH', url, { body: { total_amount: 1_000 } })
    expect(late).toMatchObject({ status: 409, body: { code: 'plan_not_active' } })
  })

  it('takes payments, holidays and another payment method', async () => {
    const { url, clock } = await start()
    const paid = await world.ask('POST', `${url}/payments`, { body: { amount: 25_000 } })
    expect(paid).toMatchObject({ status: 201, body: { type: 'charge', amount: 25_000, installment_number: null } })
    const tooMuch = await world.ask('POST', `${url}/payments`, { body: { amount: 1_000_000 } })
    expect(tooMuch).toMatchObject({ status: 422, body: { code: 'amount_over_outstanding' } })

    const paused = await world.ask('POST', `${url}/pause`, { body: { mode: 'extend' } })
    expect(paused).toMatchObject({
      status: 200,
      body: { pause: { mode: 'extend', until: null }, next_billing_at: null },
    })
    expect(await world.ask('POST', `${url}/pause`, { body: { mode: 'extend' } })).toMatchObject({
      status: 409,
      body: { code: 'already_paused' },
    })
    expect(await world.ask('POST', `${url}/resume`)).toMatchObject({ status: 200, body: { pause: null } })
    expect(await world.ask('POST', `${url}/resume`)).toMatchObject({ status: 409, body: { code: 'not_paused' } })

    const before = (await world.ask('GET', url)).body.payment_method
    const changed = await world.ask('PUT', `${url}/payment_method`, { body: { payment_method: 'pm_card_mastercard' } })
    expect(changed.status).toBe(200)
    expect(changed.body.payment_method).not.toBe(before)
    const unknown = await world.ask('PUT', `${url}/payment_method`, { body: { payment_method: 'pm_nobodys' } })
    expect(unknown).toMatchObject({
      status: 422,
      body: { code: 'payment_method_refused', errors: [{ pointer: '/payment_method' }] },
    })
    await advance(clock, '2027-01-16T00:00:00Z')
  })

  it('escalates to a broker, who settles it', async () => {
    const { url, clock, id } = await start({ payment_method: 'pm_card_chargeCustomerFail' })
    await advance(clock, '2027-01-18T00:00:00Z')
    const queue = await world.ask('GET', `/escalations?plan_id=${id}&status=open`)
    expect(queue.body.data).toMatchObject([
      { plan_id: id, installment_number: 1, amount: 10_000, status: 'open', resolution: null },
    ])
    expect((await world.ask('GET', url)).body.status).toBe('past_due')
    const escalation = `/escalations/${encodeURIComponent(queue.body.data[0].escalation_id)}`
    const unnamed = await world.ask('POST', `${escalation}/resolve`, { body: { action: 'mark_paid', note: 'cash' } })
    expect(unnamed).toMatchObject({ status: 422, body: { errors: [{ pointer: '/reference' }] } })
    const read = await world.ask('GET', escalation)
    const tag = String(read.headers.etag)
    expect((await world.ask('GET', escalation, { headers: { 'if-none-match': tag } })).status).toBe(304)
    const body = { action: 'mark_paid', reference: 'CHQ-7', note: 'by cheque' }
    const resolved = await world.ask('POST', `${escalation}/resolve`, { body, headers: { 'if-match': tag } })
    expect(resolved).toMatchObject({
      status: 200,
      body: {
        status: 'resolved',
        resolution: { action: 'mark_paid', reference: 'CHQ-7', note: 'by cheque', by: 'client-1' },
      },
    })
    expect((await world.ask('GET', url)).body).toMatchObject({ status: 'active', paid_amount: 10_000 })
    expect(resolved.headers.etag).toBe((await world.ask('GET', escalation)).headers.etag)
    const onWhatWas = await world.ask('POST', `${escalation}/resolve`, { body, headers: { 'if-match': tag } })
    expect(onWhatWas).toMatchObject({ status: 412, body: { code: 'stale' } })
    expect(await world.ask('POST', `${escalation}/resolve`, { body })).toMatchObject({ status: 409 })
  })

  it('is somebody else’s business: 404 to other tenants, its own customer’s to see', async () => {
    const { url, id } = await start()
    const customer_id = (await world.ask('GET', url)).body.customer_id
    const foreign = tokenOf({ tenant: 'globex' })
    const paths = ['', '/timeline', '/transactions', '/ledger', '/receipts', '/cancellation_quote']
    for (const path of paths) expect((await world.ask('GET', `${url}${path}`, { token: foreign })).status).toBe(404)
    for (const method of ['PATCH', 'DELETE']) {
      const body = method === 'PATCH' ? { total_amount: 5 } : undefined
      expect((await world.ask(method, url, { token: foreign, body })).status).toBe(404)
    }
    expect((await world.ask('GET', '/payment_terms', { token: foreign })).body).toEqual({ data: [], next_cursor: null })

    const owner = tokenOf({ sub: 'p', roles: ['customer'], customer: customer_id })
    const stranger = tokenOf({ sub: 'q', roles: ['customer'], customer: 'somebody' })
    expect((await world.ask('GET', url, { token: owner })).status).toBe(200)
    expect((await world.ask('GET', url, { token: stranger })).status).toBe(404)
    const own = await world.ask('GET', '/payment_terms', { token: owner })
    expect(own.body.data.map((plan: Record<string, unknown>) => plan.payment_terms_id)).toEqual([id])
    expect((await world.ask('GET', '/payment_terms', { token: stranger })).body.data).toEqual([])
    expect((await world.ask('PATCH', url, { token: owner, body: { total_amount: 5 } })).status).toBe(403)
    expect((await world.ask('GET', '/events', { token: owner })).status).toBe(403)
  })

  it('refuses what a rule forbids, and names the field', async () => {
    const [test_clock, customer_id] = [await clock(), await customer()]
    const refused = async (more: object) =>
      (await world.ask('POST', '/payment_terms', { body: term({ test_clock, customer_id, ...more }) })).body
    expect(await refused({ start_date: '2027-01-13' })).toMatchObject({
      status: 422,
      errors: [{ pointer: '/start_date' }],
    })
    expect(await refused({ timezone: 'Mars/Base' })).toMatchObject({ status: 422, code: 'timezone_unknown' })
    expect(await refused({ currency: 'XXA' })).toMatchObject({ status: 422, code: 'currency_unknown' })
    expect(await refused({ customer_id: 'nobody' })).toMatchObject({
      status: 422,
      code: 'unknown_customer',
      errors: [{ pointer: '/customer_id' }],
    })
    expect(await refused({ coupon_code: 'SAVE10' })).toMatchObject({ status: 422, code: 'coupon_unknown' })
    expect(await refused({ test_clock: 'clk_none' })).toMatchObject({ status: 422, code: 'unknown_test_clock' })
    expect(await refused({ payment_method: 'pm_nobodys' })).toMatchObject({
      status: 422,
      code: 'payment_method_refused',
    })
    const tiers = { type: 'tiered', tiers: [{ from_day: 5, refund_percent: 10 }] }
    const twice = await refused({ cancellation_terms: tiers, retry_policy: { retries: 2, every_days: [1] } })
    expect(twice.status).toBe(422)
    expect(twice.errors.map((e: { pointer: string }) => e.pointer).toSorted()).toEqual([
      '/cancellation_terms/tiers/0/from_day',
      '/retry_policy/every_days',
    ])
    const without = await customer({ payment_method: undefined })
    expect(await refused({ customer_id: without })).toMatchObject({ status: 422, code: 'payment_method_missing' })
    const debit = await customer({ payment_method: 'pm_usBankAccount_success' })
    expect(await refused({ customer_id: debit, retry_policy: { retries: 3 } })).toMatchObject({
      status: 422,
      errors: [{ pointer: '/retry_policy/retries' }],
    })
  })
})
