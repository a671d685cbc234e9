import { sharedTenor, type Tenor } from '../support/e2e-client.ts'
import type { Plan, Transaction } from '../support/shapes.ts'

let tenor: Tenor
beforeAll(async () => {
  tenor = await sharedTenor()
})

type Page<T> = { data: T[]; next_cursor: string | null }

/** All pages of a list, and what `meanwhile` does between one and the next. */
async function leafed<T>(path: string, limit: number, meanwhile: () => Promise<unknown>): Promise<T[][]> {
  const pages: T[][] = []
  for (let cursor: string | null = ''; cursor !== null; ) {
    const url: string = `${path}${path.includes('?') ? '&' : '?'}limit=${limit}${cursor && `&cursor=${cursor}`}`
    const page = await tenor.must<Page<T>>('GET', url)
    pages.push(page.data)
    cursor = page.next_cursor
    if (cursor) await meanwhile()
  }
  return pages
}

const FUTURE = { start_date: '2099-01-15' }

describe('cursors', () => {
  it('lead through the plans of a customer, newest first, whatever is added meanwhile', async () => {
    const customer = await tenor.customer()
    const make = async () => (await tenor.term({ customer_id: customer.id, ...FUTURE })).payment_terms_id
    const made: string[] = []
    for (let k = 0; k < 5; k++) made.unshift(await make())
    const pages = await leafed<Plan>(`/payment_terms?customer_id=${customer.id}`, 2, make)
    expect(pages.map((page) => page.length)).toEqual([2, 2, 1])
    expect(pages.flat().map((plan) => plan.payment_terms_id)).toEqual(made)
    expect(await tenor.all(`/payment_terms?customer_id=${customer.id}`)).toHaveLength(7)
  })

  it('lead through what a plan has lived through, oldest first, and reach what is added', async () => {
    const { clock, id } = await tenor.begin()
    await tenor.advance(clock, '2027-03-16T00:00:00Z')
    const pages = await leafed<Transaction>(`/payment_terms/${id}/transactions`, 2, async () => {
      expect((await tenor.pay(id, { amount: 700 })).status).toBe(201)
    })
    const ids = pages.flat().map((t) => t.transaction_id)
    expect(pages.flat().map((t) => t.amount)).toEqual([10_000, 10_000, 10_000, 700])
    expect(ids).toEqual((await tenor.transactions(id)).map((t) => t.transaction_id))
  })

  it('that are none are refused, as are pages of no size', async () => {
    for (const query of ['cursor=nonsense', 'cursor=W10', 'cursor=', 'limit=0', 'limit=101', 'limit=x']) {
      expect([query, (await tenor.ask('GET', `/payment_terms?${query}`)).status]).toEqual([query, 400])
    }
  })
})

describe('ETag', () => {
  const tagOf = async (id: string) => (await tenor.ask('GET', `/payment_terms/${id}`)).headers.get('etag') ?? ''

  it('stays while the plan does, and spares sending it again', async () => {
    const { id } = await tenor.begin()
    const tag = await tagOf(id)
    expect(tag).toMatch(/^".+"$/)
    const again = await tenor.ask('GET', `/payment_terms/${id}`, { headers: { 'if-none-match': tag } })
    expect([again.status, again.body]).toEqual([304, undefined])
    await tenor.adjust(id, 150_000)
    const changed = await tenor.ask('GET', `/payment_terms/${id}`, { headers: { 'if-none-match': tag } })
    expect(changed).toMatchObject({ status: 200, body: { total_amount: 150_000 } })
    expect(changed.headers.get('etag')).not.toBe(tag)
  })

  const WRITES: [method: string, action: string, body: unknown, status: number][] = [
    ['PATCH', '', { total_amount: 130_000 }, 200],
    ['PUT', '/payment_method', { payment_method: 'pm_card_mastercard' }, 200],
    ['POST', '/payments', { amount: 1_000 }, 201],
    ['POST', '/pause', { mode: 'extend' }, 200],
    ['POST', '/resume', undefined, 200],
    ['DELETE', '', undefined, 200],
  ]

  it.each(WRITES)('%s %s that was decided on an older state is refused, and changes nothing', async (...write) => {
    const [method, action, body, status] = write
    const { id } = await tenor.begin()
    const url = `/payment_terms/${id}`
    const stale = await tagOf(id)
    await tenor.adjust(id, 150_000)
    if (action === '/resume') await tenor.must('POST', `${url}/pause`, { body: { mode: 'extend' } })
    const before = await tenor.plan(id)
    const refused = await tenor.ask(method, `${url}${action}`, { body, headers: { 'if-match': stale } })
    expect(refused).toMatchObject({ status: 412, body: { code: 'stale' } })
    expect(await tenor.plan(id)).toEqual(before)
    const taken = await tenor.ask(method, `${url}${action}`, { body, headers: { 'if-match': await tagOf(id) } })
    expect(taken.status).toBe(status)
  })

  it('need not be sent, and * is any state', async () => {
    const { id } = await tenor.begin()
    const any = { body: { total_amount: 130_000 }, headers: { 'if-match': '*' } }
    expect((await tenor.ask('PATCH', `/payment_terms/${id}`, any)).status).toBe(200)
  })
})
