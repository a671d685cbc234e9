import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Chance } from '../simulation/random.ts'
import { type Begun, planPath } from '../support/e2e-client.ts'
import type { Plan } from '../support/shapes.ts'
import type { FaultStack } from './fault-stack.ts'
import { LEASE_DEEDS, type LeaseDeed, leaseRequest, newLessee } from './leasing.ts'

/** Clients that go on whatever breaks: each lives one plan or lease on a clock of its own, and meddles with it by chance. */

const HOUR = 3_600_000
const PATIENCE_MS = 15_000

const NOW = '2027-01-13T12:00:00Z'

/** `model` is what somebody leases whose plan is a lease. */
export type Player = Begun & { now: string; did: string[]; isPlanOver: boolean; unexpected: string[]; model?: string }

const OUTCOMES = [
  'succeeded',
  'insufficient_funds',
  'insufficient_funds',
  'do_not_honor',
  'expired_card',
  'authentication_required',
  'refund_failed',
  'refund_pending_then_succeeded',
]
const DEBITS = ['processing_then_succeeded', 'processing_then_insufficient_funds', 'succeeded_then_returned']
const TERMS = [{ type: 'none' }, { type: 'full' }, { type: 'pro_rata' }, { type: 'short_rate', penalty_percent: 10 }]

/** Makes a customer and a plan, whatever is broken meanwhile. */
export async function newPlayer(stack: FaultStack, chance: Chance): Promise<Player> {
  const isDebit = chance.percent(30)
  const outcomes = Array.from({ length: chance.int(0, 5) }, () => chance.pick(isDebit ? DEBITS : OUTCOMES))
  const email = `player-${randomUUID()}@example.com`
  const named = { name: 'Amara Okafor', email, payment_method: 'pm_card_visa' }
  const { body: holder } = await stack.insist('POST', '/customers', named)
  const customer = { id: holder.customer_id as string, email }
  if (outcomes.length > 0) await again(() => stack.tenor.outcomes(customer.id, outcomes))
  const { body: made } = await stack.insist('POST', '/test_clocks', { frozen_time: NOW })
  const clock = made.test_clock_id as string
  const answer = await stack.insist('POST', '/payment_terms', {
    customer_id: customer.id,
    test_clock: clock,
    start_date: '2027-01-15',
    term_duration: chance.pick([2, 3, 6]),
    billing_day: chance.int(1, 31),
    total_amount: chance.int(20, 2_000) * 100,
    cancellation_terms: chance.pick(TERMS),
    adjustment_policy: chance.pick(['spread', 'catch_up']),
    ...(isDebit ? { payment_method: 'pm_usBankAccount_success' } : {}),
  })
  const plan = answer.body as Plan
  if (answer.status !== 201) throw new Error(`A plan could not be made: ${JSON.stringify(answer.body)}`)
  return { customer, clock, plan, id: plan.payment_terms_id, ...beginning() }
}

const beginning = () => ({ now: NOW, did: [], isPlanOver: false, unexpected: [] })

/** Makes a company, an employee and a lease of the model; a plan when there is no unit of it left. */
export async function newLeasingPlayer(stack: FaultStack, chance: Chance, model: string): Promise<Player> {
  const offboarding = chance.pick(['return', 'buy_out', 'transfer'])
  const lessee = await newLessee(stack, NOW, { offboarding, cancellation_terms: chance.pick(TERMS) })
  const { employee: customer, clock } = lessee
  const payer = chance.weighted({ payroll: 70, employee: 30 })
  const outcomes = Array.from({ length: chance.int(1, 4) }, () => chance.pick(OUTCOMES))
  await again(() => stack.tenor.outcomes(chance.percent(50) ? customer.id : lessee.client, outcomes))
  const order = { employee_id: customer.id, device_code: model, term_months: chance.pick([2, 3]), payer }
  const { status, body } = await stack.insist('POST', '/leases', order)
  if (body?.code === 'out_of_stock') return newPlayer(stack, chance)
  if (status !== 201) throw new Error(`A lease could not be made: ${JSON.stringify(body)}`)
  const player = { customer, clock, plan: body as Plan, id: body.lease_id as string, ...beginning(), model }
  if (chance.percent(70)) await perform(stack, player, chance, 'delivered')
  return player
}

/** Until it works: what it is asked of may be down. */
async function again<T>(ask: () => Promise<T>): Promise<T> {
  for (let tries = 0; ; tries++) {
    try {
      return await ask()
    } catch (error) {
      if (tries > 300) throw error
      await sleep(200)
    }
  }
}

/**
 * Plays until it is told to stop; every command gets an answer, however often it has to be sent. A plan that is over is
 * followed by a new one.
 */
export async function play(stack: FaultStack, chance: Chance, { players, model, isOver }: Game): Promise<void> {
  const next = () => (model ? newLeasingPlayer(stack, chance, model) : newPlayer(stack, chance))
  let player = await next()
  players.push(player)
  while (!isOver()) {
    const deed = chance.weighted(player.model ? { ...DEEDS, ...LEASE_DEEDS } : DEEDS) as Deed | LeaseDeed
    await perform(stack, player, chance, deed)
    if (player.isPlanOver && !isOver()) {
      player = await next()
      players.push(player)
    }
    await sleep(chance.int(0, 250))
  }
}

/** Those who play; with a `model`, one of them leases it. */
export type Game = { players: Player[]; model?: string | undefined; isOver: () => boolean }

const DEEDS = { advance: 100, adjust: 16, pay: 20, pause: 8, resume: 14, resolve: 24, method: 6, cancel: 3 }
type Deed = keyof typeof DEEDS

async function perform(stack: FaultStack, player: Player, chance: Chance, deed: Deed | LeaseDeed): Promise<void> {
  const at = planPath(player.id)
  const insist = async (method: string, path: string, body?: unknown) => {
    const { status, body: answer } = await stack.insist(method, path, body)
    player.did.push(`${method} ${path.replace(at, '')} ${JSON.stringify(body ?? '')}: ${status} ${answer?.code ?? ''}`)
    if (answer?.code === 'plan_not_active') player.isPlanOver = true
    if (status >= 500) player.unexpected.push(`${method} ${path} answered ${status}: ${JSON.stringify(answer)}`)
  }
  switch (deed) {
    case 'advance':
      return advance(stack, player, chance.int(1, 40 * 24))
    case 'adjust':
      return insist('PATCH', at, { total_amount: chance.int(10, 2_500) * 100 })
    case 'pay':
      return insist('POST', `${at}/payments`, chance.percent(50) ? {} : { amount: chance.int(1, 200) * 100 })
    case 'pause':
      return insist('POST', `${at}/pause`, { mode: chance.pick(['extend', 'catch_up']) })
    case 'resume':
      return insist('POST', `${at}/resume`)
    case 'method':
      return insist('PUT', `${at}/payment_method`, { payment_method: 'pm_card_visa' })
    case 'cancel':
      return insist('DELETE', at)
    case 'resolve': {
      const listed = await stack.insist('GET', `/escalations?plan_id=${player.id}&status=open`)
      const [open] = (listed.body?.data ?? []) as { escalation_id: string }[]
      if (!open) return
      const action = chance.pick(['retry', 'retry', 'mark_paid', 'waive'])
      const reference = action === 'mark_paid' ? { reference: 'cheque 12' } : {}
      return insist('POST', `/escalations/${open.escalation_id}/resolve`, { action, note: 'by phone', ...reference })
    }
    default: {
      const { id, customer, model = '' } = player
      const asked = await leaseRequest(stack, chance, { id, employee: customer.id, model }, deed)
      return asked ? insist(...asked) : undefined
    }
  }
}

/** Brings the clock on and, for a while, waits for it; it may be held up by what is broken now. */
async function advance(stack: FaultStack, player: Player, hours: number): Promise<void> {
  const to = new Date(Date.parse(player.now) + hours * HOUR).toISOString().replace('.000Z', 'Z')
  const { status } = await stack.insist('POST', `/test_clocks/${player.clock}/advance`, { to })
  player.did.push(`advance to ${to}: ${status}`)
  if (status !== 200) return
  player.now = to
  await stack.settled(player.clock, PATIENCE_MS).catch(() => {})
  await stack.tenor.settle(player.customer.id).catch(() => {})
}

/** With nothing broken any more: what is due comes to its end, and the plan to a year after its term. */
export async function playToTheEnd(stack: FaultStack, player: Player): Promise<void> {
  const { tenor } = stack
  for (const days of [1, 3, 40, 300]) {
    await stack.settled(player.clock)
    await tenor.settle(player.customer.id)
    await advance(stack, player, days * 24)
  }
  await stack.settled(player.clock)
  await tenor.settle(player.customer.id)
}
