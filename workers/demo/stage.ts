import { setTimeout as sleep } from 'node:timers/promises'
import type { Event, Member, Person, PlanAnswer, Quote } from './cast.ts'
import { all, type Http, httpClient } from './http.ts'
import type { Narrator } from './narrator.ts'
import { type Sandboxes, sandboxesAt } from './sandboxes.ts'
import { POLL_MS, type Where, waitFor } from './waiting.ts'
import { amountsInWords, inWords, type Look, lineOf, type Memory, newMemory, type Told } from './words.ts'

/** What a scene plays with: Tenor through its API, the sandboxes, and a way to tell what happens. */
export type Stage = {
  api: Http
  sandboxes: Sandboxes
  members: Member[]
  /** A customer with a saved payment method, a quote, and the plan. */
  enrol(person: Person): Promise<Member>
  /** Moves the clock, telling what happens to all plans as it happens; resolves when they have come to rest. */
  playTo(moment: string): Promise<void>
  /** Tells what happens until the plan has had an event of this type that was not told before. */
  hear(member: Member, type: string): Promise<void>
  /** A line about a member, at the moment where the clock stands. */
  tell(member: Member, told: Told): Promise<void>
  planOf(member: Member): Promise<PlanAnswer>
}

type Clock = { test_clock_id: string; status: 'ready' | 'advancing'; now: string }

/** A stage whose clock stands at `opens`, an instant. */
export async function openStage(where: Where, narrator: Narrator, opens: string): Promise<Stage> {
  const api = httpClient(where.api, `Bearer ${where.token}`)
  const sandboxes = sandboxesAt(where)
  const members: Member[] = []
  const memories = new Map<string, Memory>()
  const toldAlready = new Set<string>()
  let clock = await api.post<Clock>('/test_clocks', { frozen_time: opens })

  const planOf = ({ planId }: Member) => api.get<PlanAnswer>(`/payment_terms/${planId}`)

  async function tell(member: Member, told: Told, at = clock.now, event?: Event): Promise<void> {
    await narrator.tell(lineOf(member, at, told, told.look && (await find(told.look, member, event))))
  }

  async function find(look: Look, member: Member, event: Event | undefined): Promise<string> {
    switch (look) {
      case 'workflow':
        return member.plan.workflow.ui_url
      case 'payments':
        return sandboxes.paymentsPage(member.customer)
      case 'case':
        return sandboxes.casePageOf(member.planId)
      case 'receipt':
        return (await sandboxes.receiptMail(member.email, event?.data.transaction_id ?? '')).page
    }
  }

  /** Tells what no line was about yet, in the order in which it happened; answers with those events. */
  async function tellNews(): Promise<Event[]> {
    const events = (await Promise.all(members.map(({ planId }) => all<Event>(api, `/events?plan_id=${planId}`)))).flat()
    const news = events.filter(({ event_id }) => !toldAlready.has(event_id))
    news.sort((a, b) => a.occurred_at.localeCompare(b.occurred_at))
    for (const event of news) {
      toldAlready.add(event.event_id)
      const member = members.find(({ planId }) => planId === event.plan_id)
      const told = member && inWords(event, member, memories.get(member.planId) ?? newMemory())
      if (told) await tell(member, told, event.occurred_at, event)
    }
    return news
  }

  return {
    api,
    sandboxes,
    members,
    planOf,
    tell,
    async enrol(person) {
      const member = await makeMember(api, person, clock.test_clock_id)
      members.push(member)
      memories.set(member.planId, newMemory())
      const { installments, currency, total_amount } = member.quote
      const amounts = amountsInWords(
        installments.map(({ amount }) => amount),
        currency,
      )
      await tell(member, { what: `${person.insures}: quoted ${amounts}`, amount: total_amount, tone: 'quiet' })
      await tellNews()
      return member
    },
    async playTo(moment) {
      clock = await api.post<Clock>(`/test_clocks/${clock.test_clock_id}/advance`, { to: moment })
      while (clock.status === 'advancing') {
        await sleep(POLL_MS)
        clock = await api.get<Clock>(`/test_clocks/${clock.test_clock_id}`)
        await tellNews()
      }
      await tellNews()
    },
    async hear(member, type) {
      await waitFor(`${type} of ${member.who}`, async () =>
        (await tellNews()).find((event) => event.plan_id === member.planId && event.type === type),
      )
    },
  }
}

async function makeMember(
  api: Http,
  { name, paymentMethod, terms }: Person,
  testClock: string,
): Promise<Member & { quote: Quote }> {
  const email = `${name.toLowerCase().replaceAll(' ', '.')}@example.com`
  const { customer_id: customer } = await api.post<{ customer_id: string }>('/customers', {
    name,
    email,
    payment_method: paymentMethod,
  })
  const body = { customer_id: customer, ...terms, test_clock: testClock }
  const quote = await api.post<Quote>('/payment_terms/quote', body)
  const plan = await api.post<PlanAnswer>('/payment_terms', body)
  return { who: name.split(' ')[0] ?? name, email, customer, planId: plan.payment_terms_id, plan, quote }
}
