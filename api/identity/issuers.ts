import { createLocalJWKSet, errors, type JSONWebKeySet, type JWTVerifyGetKey } from 'jose'
import { z } from 'zod'

const Discovery = z.object({ issuer: z.string(), jwks_uri: z.url() })
const FETCH_MS = 5_000

/** How long keys are taken without asking again whether they still hold. */
const FRESH_MS = 10 * 60_000
/** How long they are taken when the issuer cannot be asked: its outage is not to be ours. */
const HELD_MS = 24 * 3_600_000
/** Between two looks at an issuer that answers: tokens with made-up key ids must not become requests to it. */
const COOLDOWN_MS = 30_000
/** The same while there are no keys yet, so that a start beside an issuer that is late does not last. */
const FIRST_COOLDOWN_MS = 1_000

type Held = { keys: JWTVerifyGetKey; at: number }

/**
 * The keys of an OIDC issuer, by discovery. They are looked for when they are first needed, every ten minutes, and when
 * a token names one that is not known, which is how a rotation is noticed; never oftener than every 30 seconds.
 */
export function keysOfIssuer(issuer: string, now: () => number = Date.now): JWTVerifyGetKey {
  let held: Held | undefined
  let looking: Promise<void> | undefined
  let last: { at: number; error?: unknown } | undefined

  async function look(): Promise<void> {
    const at = now()
    last = { at }
    try {
      held = { keys: createLocalJWKSet(await fetchKeys(issuer)), at }
    } catch (error) {
      last = { at, error }
      throw error
    }
  }
  /** Looks again unless that was done a moment ago; one look at a time, however many wait for it. */
  async function lookAgain(): Promise<void> {
    const cooldown = held ? COOLDOWN_MS : FIRST_COOLDOWN_MS
    if (!looking && last && now() - last.at < cooldown) {
      if (last.error !== undefined && !held) throw last.error
      return
    }
    looking ??= look().finally(() => (looking = undefined))
    await looking
  }
  async function current(): Promise<Held> {
    const age = held ? now() - held.at : Number.POSITIVE_INFINITY
    if (age > HELD_MS) await lookAgain()
    else if (age > FRESH_MS) lookAgain().catch(() => {})
    if (!held || now() - held.at > HELD_MS) throw last?.error ?? new Error(`${issuer} has shown no keys`)
    return held
  }

  return async (header, input) => {
    const known = await current()
    try {
      return await known.keys(header, input)
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey)) throw error
      await lookAgain().catch(() => {})
      if (!held || held === known) throw error
      return held.keys(header, input)
    }
  }
}

async function fetchKeys(issuer: string): Promise<JSONWebKeySet> {
  const address = `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`
  const said = Discovery.parse(await fetchJson(address))
  if (said.issuer !== issuer) throw new Error(`${address} speaks for ${said.issuer}`)
  if (issuer.startsWith('https:') && !said.jwks_uri.startsWith('https:')) {
    throw new Error(`${address} has its keys fetched without TLS`)
  }
  return (await fetchJson(said.jwks_uri)) as JSONWebKeySet
}

async function fetchJson(address: string): Promise<unknown> {
  const answer = await fetch(address, { signal: AbortSignal.timeout(FETCH_MS), redirect: 'error' })
  if (!answer.ok) throw new Error(`${address} answers ${answer.status}`)
  return answer.json()
}
