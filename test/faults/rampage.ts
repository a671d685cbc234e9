import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { chanceOf } from '../simulation/random.ts'
import { FaultStack } from './fault-stack.ts'
import { converged, differencesOf, proofAt, violations } from './judge.ts'
import { newModel, payrollViolations, stockViolations } from './leasing.ts'
import { endMischief, type Mischief, makeMischief } from './mischief.ts'
import { type Player, play, playToTheEnd } from './players.ts'
import { opsOf, ROOT } from './releases.ts'

export type RampageOptions = { seed: number; kills: number; plans: number; say?: (line: string) => void }

export type Rampage = {
  kills: number
  plans: number
  commands: number
  payments: number
  /** How long after the last fault every plan was proven, in milliseconds. */
  convergedInMs: number
  /** What is wrong, in words; empty when nothing is. */
  wrong: string[]
}

const WITHIN_MS = 300_000
/** One in so many leases. */
const LEASING = 3

/**
 * Lives plans while processes are killed, ways cut and gateways troubled, by chance of a seed; then lets everything come
 * to rest and judges. The same seed makes the same choices; the moments are the machine's.
 */
export async function rampage({ seed, kills, plans, say = () => {} }: RampageOptions): Promise<Rampage> {
  const stack = await FaultStack.start()
  const mischief: Mischief = { kills: 0, told: [] }
  const players: Player[] = []
  try {
    const began = Date.now()
    const phase = (what: string) => say(`${((Date.now() - began) / 1000).toFixed(0).padStart(4)} s ${what}`)
    let isOver = false
    // So few units that some come too late.
    const model = await newModel(stack, Math.ceil(plans / LEASING) + 1)
    const clients = Array.from({ length: plans }, (_, n) => {
      const game = { players, isOver: () => isOver, model: n % LEASING === 0 ? model : undefined }
      return play(stack, chanceOf(seed + 1 + n), game)
    })
    const playing = Promise.all(clients)
    // A player that ends with an error is heard of when all have ended.
    playing.catch(() => {})
    const deeds = () => players.reduce((sum, player) => sum + player.did.length, 0)
    // What is killed is to be at work.
    while (players.length < plans || deeds() < plans) await Promise.race([playing, sleep(100)])
    phase(`${plans} plans are under way`)
    await Promise.race([makeMischief(stack, { seed: seed + 1_000, kills, mischief, deeds }), failed(playing)])
    isOver = true
    await endMischief(stack)
    const ended = Date.now()
    phase(`${mischief.kills} kills done; ${players.length} plans come to rest`)
    await playing
    await Promise.all(players.map((player) => stack.settled(player.clock)))
    await stack.passLeases()
    const convergedInMs = await timed(ended, () => restingPlans(stack, players))
    const { said } = await opsOf(ROOT, stack.env, 'replay-open')
    const replayed = said.includes(', 0 would break') ? [] : [said]
    phase(`all proven, ${(convergedInMs / 1000).toFixed(1)} s after the last fault; on to the end of the plans`)
    await Promise.all(players.map((player) => playToTheEnd(stack, player)))
    await restingPlans(stack, players)
    const unproven = await statementsProven(stack)
    phase('at the end; judged')
    const unexpected = players.flatMap((player) => player.unexpected)
    const wrong = [...replayed, ...unproven, ...(await judged(stack, players)), ...unexpected, ...stack.surprises()]
    const payments = await Promise.all(players.map((player) => stack.tenor.payments(player.customer.id)))
    if (wrong.length > 0) say(await report(stack, players, mischief, seed))
    return {
      kills: mischief.kills,
      plans: players.length,
      commands: players.reduce((sum, player) => sum + player.did.length, 0),
      payments: payments.flat().filter((payment) => payment.amount_charged > 0).length,
      convergedInMs,
      wrong,
    }
  } catch (error) {
    say(await report(stack, players, mischief, seed))
    throw error
  } finally {
    await stack.stop()
  }
}

async function timed(since: number, work: () => Promise<unknown>): Promise<number> {
  await work()
  return Date.now() - since
}

/** Every plan is proven; what waits for a bank is settled meanwhile, and what waits to be told again is told. */
async function restingPlans(stack: FaultStack, players: Player[]): Promise<void> {
  const isSettling = setInterval(
    () => void stack.tenor.sandbox('stripe', 'POST', 'settle', { payment: 'all' }).catch(() => {}),
    1_000,
  )
  const isPassing = setInterval(() => void stack.passLeases().catch(() => {}), 20_000)
  try {
    await converged(stack.tenor, players, WITHIN_MS)
  } finally {
    clearInterval(isSettling)
    clearInterval(isPassing)
  }
}

/** Plans that charge statements have no route of their own: ops prove them with all others. */
async function statementsProven({ env }: FaultStack): Promise<string[]> {
  const end = Date.now() + WITHIN_MS
  for (;;) {
    const { status, said } = await opsOf(ROOT, env, 'prove', '--all')
    if (said.includes(' 0 with something in flight, 0 not readable, 0 different')) return []
    if (status === 1 || Date.now() > end) return [said]
  }
}

async function judged(stack: FaultStack, players: Player[]): Promise<string[]> {
  const found: string[] = []
  for (const player of players) {
    const proof = await proofAt(stack.tenor, player.id)
    if (proof.status !== 'ok') found.push(`${player.id}: ${differencesOf(proof).join('; ')}`)
    found.push(...(await violations(stack.tenor, player)))
  }
  found.push(...(await stockViolations(stack.tenor)), ...(await payrollViolations(stack)))
  return found
}

/** Never, unless it goes wrong. */
async function failed(work: Promise<unknown>): Promise<never> {
  await work
  return new Promise(() => {})
}

/** What was done and what was broken; logs and histories are kept. */
async function report(stack: FaultStack, players: Player[], mischief: Mischief, seed: number): Promise<string> {
  const kept = join(tmpdir(), `faults-of-seed-${seed}`)
  await stack.keep(kept)
  const deeds = players.map(({ id, did }) => `${id}\n  ${did.slice(-40).join('\n  ')}`)
  return [
    'What was broken, at last:',
    ...mischief.told.slice(-40),
    ...deeds,
    `Logs and histories are kept in ${kept}`,
  ].join('\n')
}
