import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { devIssuer } from '../../workers/stack/dev-issuer.ts'
import type { Stack } from '../../workers/stack/stack.ts'
import type {
  Adjusted,
  Canceled,
  Case,
  Entry,
  Escalation,
  Event,
  Fault,
  Mail,
  Notification,
  Payment,
  Plan,
  Receipt,
  TimelineItem,
  Transaction,
} from './shapes.ts'
import { sharedStack, startTestStack } from './stack.ts'

/** What an integrator has: the API's address, a token, and the sandboxes that stand in for the gateways. */

// biome-ignore lint/suspicious/noExplicitAny: answers are looked into, whatever they are.
export type Answer<T = any> = { status: number; headers: Headers; body: T }
type Ask = { body?: unknown; key?: string; headers?: Record<string, string>; token?: string }
type Resolution = { action: 'retry' | 'mark_paid' | 'waive' | 'cancel_plan'; reference?: string; note?: string }
type Where = { api: string; stripe: string; inbox: string; salesforce: string; token: string }

type Beginning = Record<string, unknown> & { outcomes?: string[]; now?: string }
export type Begun = { customer: { id: string; email: string }; clock: string; plan: Plan; id: string }

/** Where a plan is found: a lease is one, too. */
export function planPath(id: string): string {
  return `${id.startsWith('ls_') ? '/leases' : '/payment_terms'}/${id}`
}

const PATIENCE_MS = 45_000
/** Years go by on a clock, on a machine that is busy with other things. */
const LONG_PATIENCE_MS = 180_000
let customers = 0

/** A customer of Tenor's API and of the sandboxes behind it. */
export class Tenor {
  readonly at: Where

  constructor(where: Where) {
    this.at = where
  }

  // --- The API ------------------------------------------------------------------------------------------------------

  // biome-ignore lint/suspicious/noExplicitAny: answers are looked into, whatever they are.
  async ask<T = any>(method: string, path: string, asked: Ask = {}): Promise<Answer<T>> {
    for (;;) {
      const answer = await this.#ask<T>(method, path, asked)
      // Nothing was begun. Tests share an API, and one of them has a crowd that asks at once.
      if ((answer.body as { code?: string } | undefined)?.code !== 'overloaded') return answer
      await sleep(1_000)
    }
  }

  /**
   * Sends a request as a client does that wants it done: under one key, again and again while the API is away or says
   * that it could not be done in time. Refusals are answers.
   */
  async insist<T>(method: string, path: string, asked: Ask, patienceMs = LONG_PATIENCE_MS): Promise<Answer<T>> {
    const end = Date.now() + patienceMs
    const key = asked.key ?? randomUUID()
    for (;;) {
      const answer = await this.ask<T>(method, path, { ...asked, key }).catch(() => undefined)
      if (answer && answer.status !== 503 && answer.status !== 429 && !isStillAtWork(answer)) return answer
      if (Date.now() > end) throw new Error(`${method} ${path} was never answered: ${JSON.stringify(answer?.body)}`)
      await sleep(200)
    }
  }

  async #ask<T>(method: string, path: string, { body, key, headers = {}, token }: Ask): Promise<Answer<T>> {
    const answer = await fetch(`${this.at.api}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${token ?? this.at.token}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...(key === undefined ? {} : { 'idempotency-key': key }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    const isJson = answer.headers.get('content-type')?.includes('json')
    return { status: answer.status, headers: answer.headers, body: (isJson ? await answer.json() : undefined) as T }
  }

  /** The body of an answer that is expected to be good. */
  async must<T>(method: string, path: string, ask: Ask = {}): Promise<T> {
    const { status, body } = await this.ask<T>(method, path, ask)
    if (status >= 300) throw new Error(`${method} ${path} answered ${status}: ${JSON.stringify(body)}`)
    return body
  }

  /** All pages of a list. */
  async all<T>(path: string): Promise<T[]> {
    const found: T[] = []
    const url = `${path}${path.includes('?') ? '&' : '?'}limit=100`
    for (let cursor: string | null = ''; cursor !== null; ) {
      const page: { data: T[]; next_cursor: string | null } = await this.must(
        'GET',
        `${url}${cursor && `&cursor=${cursor}`}`,
      )
      found.push(...page.data)
      cursor = page.next_cursor
    }
    return found
  }

  /** `outcomes`: how the customer's next charges end at the gateway; what comes after them succeeds. */
  async customer(
    outcomes: string[] = [],
    fields: Record<string, unknown> = {},
  ): Promise<{ id: string; email: string }> {
    customers += 1
    const email = `holder-${process.pid}-${customers}-${Date.now()}@example.com`
    const made = await this.must<{ customer_id: string }>('POST', '/customers', {
      body: { name: 'Amara Okafor', email, payment_method: 'pm_card_visa', ...fields },
    })
    if (outcomes.length > 0) await this.outcomes(made.customer_id, outcomes)
    return { id: made.customer_id, email }
  }

  async clock(frozenTime: string): Promise<string> {
    const made = await this.must<{ test_clock_id: string }>('POST', '/test_clocks', {
      body: { frozen_time: frozenTime },
    })
    return made.test_clock_id
  }

  /** Begins to advance; `settled` tells when all plans have come to rest. */
  async startAdvance(clock: string, to: string): Promise<void> {
    await this.must('POST', `/test_clocks/${clock}/advance`, { body: { to } })
  }

  async settled(clock: string): Promise<void> {
    const look = async () => {
      const { status } = await this.must<{ status: string }>('GET', `/test_clocks/${clock}`)
      return status === 'ready' ? true : undefined
    }
    await this.until(`clock ${clock} to be ready`, look, LONG_PATIENCE_MS)
  }

  async advance(clock: string, to: string): Promise<void> {
    await this.startAdvance(clock, to)
    await this.settled(clock)
  }

  /** A financing term of 120000 in 12 from 2027-01-15 on, billed on the 15th at 09:00 UTC, unless it says otherwise. */
  createTerm(body: Record<string, unknown>, key?: string): Promise<Answer<Plan>> {
    return this.ask<Plan>('POST', '/payment_terms', { body: aTerm(body), ...(key === undefined ? {} : { key }) })
  }

  async term(body: Record<string, unknown>): Promise<Plan> {
    const answer = await this.insist<Plan>('POST', '/payment_terms', { body: aTerm(body) })
    if (answer.status !== 201) throw new Error(`not created: ${answer.status} ${JSON.stringify(answer.body)}`)
    return answer.body
  }

  /**
   * A term on a clock of its own, which stands at noon two days before the first due date unless `now` says otherwise;
   * `outcomes` are how the customer's next charges end.
   */
  async begin({ outcomes = [], now = '2027-01-13T12:00:00Z', ...body }: Beginning = {}): Promise<Begun> {
    const [customer, clock] = await Promise.all([this.customer(outcomes), this.clock(now)])
    const plan = await this.term({ customer_id: customer.id, test_clock: clock, ...body })
    return { customer, clock, plan, id: plan.payment_terms_id }
  }

  plan(id: string): Promise<Plan> {
    return this.must('GET', planPath(id))
  }

  adjust(id: string, totalAmount: number, query = ''): Promise<Adjusted> {
    return this.must('PATCH', `${planPath(id)}${query}`, { body: { total_amount: totalAmount } })
  }

  cancel(id: string, query = ''): Promise<Canceled> {
    return this.must('DELETE', `${planPath(id)}${query}`)
  }

  pay(id: string, body: Record<string, unknown> = {}): Promise<Answer> {
    return this.ask('POST', `${planPath(id)}/payments`, { body })
  }

  resolve(escalation: string, { note = 'spoke with the customer', ...how }: Resolution): Promise<Answer> {
    return this.ask('POST', `/escalations/${escalation}/resolve`, { body: { ...how, note } })
  }

  transactions = (plan: string) => this.all<Transaction>(`${planPath(plan)}/transactions`)
  ledger = (plan: string) => this.all<Entry>(`${planPath(plan)}/ledger`)
  receipts = (plan: string) => this.all<Receipt>(`${planPath(plan)}/receipts`)
  notifications = (plan: string) => this.all<Notification>(`/notifications?plan_id=${plan}`)
  events = (plan: string) => this.all<Event>(`/events?plan_id=${plan}`)
  escalations = (plan: string) => this.all<Escalation>(`/escalations?plan_id=${plan}`)

  async timeline(plan: string): Promise<TimelineItem[]> {
    return (await this.must<{ data: TimelineItem[] }>('GET', `${planPath(plan)}/timeline`)).data
  }

  async pdf(url: string): Promise<Uint8Array> {
    const address = url.startsWith('/') ? `${this.at.api}${url}` : url
    const answer = await fetch(address, { headers: { authorization: `Bearer ${this.at.token}` } })
    if (answer.headers.get('content-type') !== 'application/pdf') throw new Error(`${url} is no PDF: ${answer.status}`)
    return new Uint8Array(await answer.arrayBuffer())
  }

  /** Balances of the plan's accounts. Throws when an entry does not sum to 0. */
  async balances(plan: string): Promise<Record<string, number>> {
    const balances: Record<string, number> = {}
    for (const { postings } of await this.ledger(plan)) {
      if (postings.reduce((sum, { amount }) => sum + amount, 0) !== 0) throw new Error('an entry does not balance')
      for (const { account, amount } of postings) balances[account] = (balances[account] ?? 0) + amount
    }
    return balances
  }

  // --- The sandboxes ------------------------------------------------------------------------------------------------

  async sandbox<T>(base: 'stripe' | 'inbox' | 'salesforce', method: string, path: string, body?: unknown): Promise<T> {
    const answer = await fetch(`${this.at[base]}/_sandbox/${path}`, {
      method,
      ...(body === undefined ? {} : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
    })
    if (!answer.ok) throw new Error(`${method} ${base} ${path} answered ${answer.status}: ${await answer.text()}`)
    return ((await answer.json()) as { data: T }).data
  }

  outcomes(customer: string, outcomes: string[]): Promise<unknown> {
    return this.sandbox('stripe', 'POST', 'outcomes', { customer_id: customer, outcomes })
  }

  payments(customer: string): Promise<Payment[]> {
    return this.sandbox('stripe', 'GET', `payments?customer_id=${customer}`)
  }

  settle(customer: string): Promise<unknown> {
    return this.sandbox('stripe', 'POST', 'settle', { customer_id: customer })
  }

  fault(fault: Fault): Promise<unknown> {
    return this.sandbox('stripe', 'POST', 'faults', fault)
  }

  endFaults(): Promise<unknown> {
    return this.sandbox('stripe', 'DELETE', 'faults')
  }

  webhooks(how: { hold?: boolean; duplicate?: number; shuffle?: boolean }): Promise<unknown> {
    return this.sandbox('stripe', 'POST', 'webhooks', how)
  }

  inbox(email: string): Promise<Mail[]> {
    return this.sandbox('inbox', 'GET', `messages?to=${encodeURIComponent(email)}`)
  }

  cases(escalation: string): Promise<Case[]> {
    return this.sandbox('salesforce', 'GET', `cases?external_id=${escalation}`)
  }

  /** Answers the customer's bank on the page that the customer was sent to. */
  async authenticate(payment: string, answer: 'authenticate' | 'refuse'): Promise<void> {
    await fetch(`${this.at.stripe}/_sandbox/authenticate/${payment}`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams({ answer }).toString(),
      redirect: 'manual',
    })
  }

  /** What `look` finds, as soon as it finds something. */
  async until<T>(what: string, look: () => Promise<T | undefined>, patienceMs = PATIENCE_MS): Promise<T> {
    const end = Date.now() + patienceMs
    for (;;) {
      const found = await look()
      if (found !== undefined) return found
      if (Date.now() > end) throw new Error(`waited in vain for ${what}`)
      await sleep(60)
    }
  }

  untilPlan(id: string, is: (plan: Plan) => boolean): Promise<Plan> {
    return this.until(`plan ${id} to become so`, async () => {
      const plan = await this.plan(id)
      return is(plan) ? plan : undefined
    })
  }
}

/** The stack that all end-to-end files share. Nothing may be broken there: others are at work. */
export async function sharedTenor(): Promise<Tenor> {
  const { addresses, token } = sharedStack()
  return new Tenor(whereOf(addresses, await token({ sub: 'integrator', tenant: 'tenor', role: 'admin' })))
}

/** A stack of one's own, whose sandboxes may misbehave for everybody; the caller stops it. */
export async function ownTenor(env: NodeJS.ProcessEnv): Promise<{ tenor: Tenor; stack: Stack }> {
  const stack = await patiently(() => startTestStack(env))
  const token = await (await devIssuer(stack.home)).sign({ sub: 'integrator', tenant: 'tenor', role: 'admin' })
  return { tenor: new Tenor(whereOf(stack.addresses, token)), stack }
}

/** On a machine that is busy with other tests the servers may not answer within the seconds that a start gives them. */
async function patiently<T>(start: () => Promise<T>, times = 3): Promise<T> {
  try {
    return await start()
  } catch (error) {
    if (times === 1) throw error
    return patiently(start, times - 1)
  }
}

function whereOf(addresses: Stack['addresses'], token: string): Where {
  const { api, stripe, inbox, salesforce } = addresses
  if (!stripe || !inbox || !salesforce) throw new Error('the stack has no sandboxes')
  return { api, stripe, inbox, salesforce, token }
}

/** The first request under this key has not been answered yet: it may be that of a process that is gone. */
function isStillAtWork({ status, body }: Answer): boolean {
  return status === 409 && body?.code === 'request_in_progress'
}

function aTerm(body: Record<string, unknown>) {
  return { total_amount: 120_000, start_date: '2027-01-15', term_duration: 12, billing_day: 15, ...body }
}
