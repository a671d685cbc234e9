import { setTimeout as sleep } from 'node:timers/promises'
import type { PartName } from '../../workers/stack/part.ts'
import type { Chance } from '../simulation/random.ts'
import { type FaultStack, WAYS } from './fault-stack.ts'

/** What is broken, by chance: every kill is counted, everything is told. */
export type Mischief = { kills: number; told: string[] }

const KILLED: Record<PartName, number> = {
  worker: 40,
  api: 15,
  postgres: 15,
  temporal: 10,
  stripe: 12,
  mail: 5,
  salesforce: 3,
}
/** Where a program is killed by itself, in the middle of what it does. */
const MOMENTS = [
  'stripe POST /v1/payment_intents',
  'stripe POST /v1/payment_intents/:id/confirm',
  'stripe POST /v1/refunds',
  'update of transactions',
  'commit of installments, plans, transactions',
  'commit of events, installments, notifications, plans, transactions',
  'commit of events, installments, journal_entries, notifications, plans, postings, receipts, transactions',
  'commit of events, installments, notifications, plans',
  'activity chargeInstallment',
  'activity recordChange',
  'activity giveBack',
  'activity payOnce',
  'activity recordClock',
  'letter',
  'salesforce PATCH',
]
const FAULTS = ['slow', 'lose_answer', 'error_500', 'error_500_after', 'rate_limit', 'down']

/** Breaks one thing after the other until so many processes were killed, and brings each back after a moment. */
export async function makeMischief(
  stack: FaultStack,
  chance: Chance,
  mischief: Mischief,
  kills: number,
): Promise<void> {
  while (mischief.kills < kills) {
    const kind = chance.weighted({ kill: 45, point: 25, way: 12, gateway: 12, webhooks: 6 })
    const did = await KINDS[kind](stack, chance, mischief)
    mischief.told.push(`${String(mischief.kills).padStart(3)} ${did}`)
    await sleep(chance.int(100, 1_200))
  }
}

type Kind = (stack: FaultStack, chance: Chance, mischief: Mischief) => Promise<string>

const KINDS: Record<'kill' | 'point' | 'way' | 'gateway' | 'webhooks', Kind> = {
  async kill(stack, chance, mischief) {
    const part = chance.weighted(KILLED)
    const also = chance.percent(12) ? chance.weighted(KILLED) : part
    const parts = [...new Set([part, also])]
    await Promise.all(parts.map((name) => stack.kill(name)))
    mischief.kills += parts.length
    await sleep(chance.int(0, 1_500))
    await Promise.all(parts.map((name) => stack.start(name)))
    return `killed ${parts.join(' and ')}`
  },
  async point(stack, chance, mischief) {
    const moment = `${chance.pick(['before', 'after'])} ${chance.pick(MOMENTS)}`
    stack.arm('worker', moment, chance.int(1, 3))
    const end = Date.now() + 6_000
    while (!stack.wasHit('worker') && Date.now() < end) await sleep(50)
    stack.disarm('worker')
    if (!stack.wasHit('worker')) return `waited in vain ${moment}`
    mischief.kills += 1
    await stack.start('worker')
    return `killed worker ${moment}`
  },
  async way(stack, chance) {
    const name = chance.pick(WAYS)
    const way = stack.ways[name]
    const how = chance.pick(['cut', 'delay', 'lose', 'close'])
    if (how === 'cut') way.cut()
    else if (how === 'lose') way.loseAnswers(chance.int(100, 1_000))
    else {
      if (how === 'delay') way.setDelay(chance.int(20, 300))
      else way.setOpen(false)
      await sleep(chance.int(300, 2_000))
      way.setDelay(0)
      way.setOpen(true)
    }
    return `${how} the way to ${name}`
  },
  async gateway(stack, chance) {
    const mode = chance.pick(FAULTS)
    const fault = { mode, count: chance.int(1, 6), for_ms: chance.int(500, 4_000), ms: chance.int(200, 9_500) }
    await stack.tenor.fault(fault).catch(() => {})
    return `gateway: ${JSON.stringify(fault)}`
  },
  async webhooks(stack, chance) {
    const how = { duplicate: chance.int(0, 4), shuffle: chance.percent(50), hold: chance.percent(20) }
    await stack.tenor.webhooks(how).catch(() => {})
    return `webhooks: ${JSON.stringify(how)}`
  },
}

/** Everything is up and does what it should. */
export async function endMischief(stack: FaultStack): Promise<void> {
  stack.disarm('worker')
  for (const way of WAYS) {
    stack.ways[way].setDelay(0)
    stack.ways[way].setOpen(true)
  }
  await stack.startAll()
  await stack.tenor.endFaults()
  await stack.tenor.webhooks({ duplicate: 0, shuffle: false, hold: false })
}
