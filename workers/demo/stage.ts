import { setTimeout as sleep } from 'node:timers/promises'
import type { Event, Look, Member, Person, PlanAnswer, Policyholder, Quote, Told } from './cast.ts'
import { all, type Http, httpClient } from './http.ts'
import type { Narrator } from './narrator.ts'
import { type Sandboxes, sandboxesAt } from './sandboxes.ts'
import { POLL_MS, type Where, waitFor } from './waiting.ts'
import { amountsInWords, inWords, lineOf, newMemory } from './words.ts'

/** What a scene plays with: Tenor through its API, the sandboxes, and a way to tell what happens. */
export type Stage = {
  api: Http
  sandboxes: Sandboxes
  members: Member[]
  /** The id of the test clock. */
  clock: string
  /** From now on what happens to the plan is told. */
  join(member: Member): Promise<void>
  /** Looks for plans that others than the story have made, whenever it is told what is new. */
  watch(look: () => Promise<void>): void
  /** A customer with a saved payment method, a quote, and the plan. */
  enrol(person: Person): Promise<Policyholder>
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
  const watched: (() => Promise<void>)[] = []
  const quiet = new Set<string>()
  const toldAlready = new Set<string>()
  let clock = await api.post<Clock>('/test_clocks', { frozen_time: opens })

  const planOf = ({ path }: Member) => api.get<PlanAnswer>(path)

  async function tell(member: Member, told: Told, at = clock.now, event?: Event): Promise<void> {
    await narrator.tell(
      lineOf(member, at, told, told.where ?? (told.look && (await find(told.look, member, { api, sandboxes, event })))),
    )
  }

  /** Tells what no line was about yet, in the order in which it happened; answers with those events. */
  async function tellNews(): Promise<Event[]> {
    for (const look of watched) await look()
    const asked = members.filter(({ planId }) => !quiet.has(planId))
    const events = (await Promise.all(asked.map(({ planId }) => all<Event>(api, `/events?plan_id=${planId}`)))).flat()
    const news = events.filter(({ event_id }) => !toldAlready.has(event_id))
    news.sort((a, b) => a.occurred_at.localeCompare(b.occurred_at))
    for (const event of news) {
      toldAlready.add(event.event_id)
      const member = members.find(({ planId }) => planId === event.plan_id)
      const told = member?.inWords(event)
      if (event.type === member?.last) quiet.add(event.plan_id)
      if (member && told) await tell(member, told, event.occurred_at, event)
    }
    return news
  }

  return {
    api,
    sandboxes,
    members,
    planOf,
    tell,
    clock: clock.test_clock_id,
    async join(member) {
      members.push(member)
      await tellNews()
    },
    watch: (look) => void watched.push(look),
    async enrol(person) {
      const member = await makeMember(api, person, clock.test_clock_id)
      members.push(member)
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

async function find(
  look: Look,
  member: Member,
  { api, sandboxes, event }: Pick<Stage, 'api' | 'sandboxes'> & { event: Event | undefined },
): Promise<string> {
  switch (look) {
    case 'workflow':
      return member.workflowUrl
    case 'payments':
      return sandboxes.paymentsPage(member.customer)
    case 'case':
      return sandboxes.casePageOf(member.planId)
    case 'receipt':
      return (await sandboxes.receiptMail(member.email, event?.data.transaction_id ?? '')).page
    default:
      return letterOf(api, sandboxes, member, look)
  }
}

async function makeMember(
  api: Http,
  { name, paymentMethod, terms }: Person,
  testClock: string,
): Promise<Policyholder & { quote: Quote }> {
  const email = `${name.toLowerCase().replaceAll(' ', '.')}@example.com`
  const { customer_id: customer } = await api.post<{ customer_id: string }>('/customers', {
    name,
    email,
    payment_method: paymentMethod,
  })
  const body = { customer_id: customer, ...terms, test_clock: testClock }
  const quote = await api.post<Quote>('/payment_terms/quote', body)
  const plan = await api.post<PlanAnswer>('/payment_terms', body)
  const { payment_terms_id: planId, currency, timezone } = plan
  const memory = newMemory()
  return {
    ...{ who: name.split(' ')[0] ?? name, email, customer, planId, path: `/payment_terms/${planId}`, plan, quote },
    ...{ currency, timezone, workflowUrl: plan.workflow.ui_url },
    inWords: (event) => inWords(event, { plan }, memory),
  }
}

/** The page of the last letter of a type about the plan; waits for it to arrive. */
async function letterOf(
  api: Http,
  sandboxes: Sandboxes,
  { planId, who, email }: Member,
  { letter, to }: Exclude<Look, string>,
): Promise<string> {
  type Notification = { notification_id: string; recipient: string }
  const { data } = await api.get<{ data: Notification[] }>(`/notifications?plan_id=${planId}&type=${letter}`)
  const found = data.find(({ recipient }) => recipient === to)
  if (!found) throw new Error(`Nobody has been told ${letter} of ${who}.`)
  return (await sandboxes.letter(found.notification_id, to === 'customer' ? email : undefined)).page
}
