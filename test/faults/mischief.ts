import { setTimeout as sleep } from 'node:timers/promises'
import type { PartName } from '../../workers/stack/part.ts'
import { type Chance, chanceOf } from '../simulation/random.ts'
import { type FaultStack, WAYS } from './fault-stack.ts'

/** What is broken, by chance: every kill is counted, everything is told. */
export type Mischief = { kills: number; told: string[] }

/**
 * What is killed, by how likely it is, in lanes beside each other: each brings back what it has killed before it goes on,
 * and no part is in two of them.
 */
const LANES: { [part in PartName]?: number }[] = [
  { worker: 1 },
  { api: 30, postgres: 25, stripe: 20, temporal: 15, mail: 6, salesforce: 4 },
]
/** Where a program is killed by itself, in the middle of what it does. */
const MOMENTS = [
  'stripe POST /v1/payment_intents',
  'stripe POST /v1/payment_intents/:id/confirm',
  'stripe POST /v1/refunds',
  'commit of plans, transactions',
  'commit of events, payroll_deductions, plans, transactions',
  'commit of devices, installments, leases, notifications, plans',
  'commit of events, installments, notifications, plans, transactions',
  'commit of events, installments, journal_entries, notifications, plans, postings, receipts, transactions',
  'commit of events, installments, notifications, plans',
  'activity chargeInstallment',
  'activity recordOpening',
  'activity recordChange',
  'activity giveBack',
  'activity payOnce',
  'activity recordClock',
  'letter',
  'salesforce PATCH',
]
const FAULTS = ['slow', 'lose_answer', 'error_500', 'error_500_after', 'rate_limit', 'down']
/** How long a program is waited for to come to the point at which it is to die; after that it is killed where it is. */
const POINT_WITHIN_MS = 2_500

/** `deeds` is how much has been done so far by those who use what is broken. */
export type Plot = { seed: number; kills: number; mischief: Mischief; deeds: () => number }

/** However little is done meanwhile, a lane goes on after so long. */
const PATIENCE_MS = 15_000

/**
 * Breaks one thing after the other, in lanes, until so many processes were killed; brings each back after a moment, and
 * goes on when something has been done in between: a program that is killed before it has begun anything loses nothing.
 */
export async function makeMischief(stack: FaultStack, { seed, kills, mischief, deeds }: Plot): Promise<void> {
  const lane = async (number: number, step: (chance: Chance) => Promise<string>) => {
    const chance = chanceOf(seed + number)
    while (mischief.kills < kills) {
      const did = await step(chance)
      mischief.told.push(`${String(mischief.kills).padStart(3)} ${did}`)
      const [before, end] = [deeds(), Date.now() + PATIENCE_MS]
      await sleep(chance.int(100, 1_000))
      while (deeds() === before && Date.now() < end) await sleep(50)
    }
  }
  const killing = LANES.map((parts, number) =>
    lane(number, async (chance) => {
      const did = await kill(stack, chance, chance.weighted(parts as Record<PartName, number>))
      mischief.kills += 1
      return did
    }),
  )
  const troubling = lane(LANES.length, async (chance) => {
    await sleep(chance.int(500, 4_000))
    return TROUBLE[chance.weighted({ way: 40, gateway: 40, webhooks: 20 })](stack, chance)
  })
  await Promise.all([...killing, troubling])
}

async function kill(stack: FaultStack, chance: Chance, part: PartName): Promise<string> {
  const at = part === 'worker' && chance.percent(60) ? await killAtPoint(stack, chance) : ''
  if (at === '') await stack.kill(part)
  await sleep(chance.int(0, 1_000))
  await stack.start(part)
  return `killed ${part} ${at}`
}

/** Where it was killed, or nothing when it has not come there. */
async function killAtPoint(stack: FaultStack, chance: Chance): Promise<string> {
  const moment = `${chance.pick(['before', 'after'])} ${chance.pick(MOMENTS)}`
  stack.arm('worker', moment, chance.int(1, 2))
  const end = Date.now() + POINT_WITHIN_MS
  while (!stack.wasHit('worker') && Date.now() < end) await sleep(50)
  stack.disarm('worker')
  return stack.wasHit('worker') ? moment : ''
}

const TROUBLE: Record<'way' | 'gateway' | 'webhooks', (stack: FaultStack, chance: Chance) => Promise<string>> = {
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
