import { request as requestHttp } from 'node:http'
import { request as requestHttps } from 'node:https'
import type { LookupFunction } from 'node:net'
import { addressesOf, type TargetPolicy } from './target.ts'

export type WebhookPost = { url: string; headers: Record<string, string>; body: string }
/** Answers the receiver's status, whatever it is; fails when there is none. */
export type SendWebhook = (post: WebhookPost) => Promise<number>

const TIMEOUT_MS = 10_000
/** Enough for whatever a receiver says in thanks; nobody reads it. */
const ANSWER_BYTES = 16_384

/**
 * Sends webhooks, each over a connection of its own, to an address that was checked just before: the name is resolved
 * once, and the connection goes where that led, so that a name that changes its address meanwhile leads nowhere else.
 * Redirects are answers like others. Fails with `TargetRefused` too.
 */
export function webhookSender(policy: TargetPolicy & { timeoutMs?: number }): SendWebhook {
  const timeoutMs = policy.timeoutMs ?? TIMEOUT_MS
  return async (post) => {
    const signal = AbortSignal.timeout(timeoutMs)
    try {
      const url = new URL(post.url)
      const addresses = await Promise.race([addressesOf(url, policy), aborted(signal)])
      return await send(url, post, pinnedTo(addresses), signal)
    } catch (error) {
      throw signal.aborted ? new Error(`No answer within ${timeoutMs / 1000} s`, { cause: error }) : error
    }
  }
}

type Addresses = Awaited<ReturnType<typeof addressesOf>>

function pinnedTo(addresses: Addresses): LookupFunction {
  return (_host, { all }, done) => {
    const [first] = addresses
    if (all || !first) done(null, addresses)
    else done(null, first.address, first.family)
  }
}

function send(url: URL, post: WebhookPost, lookup: LookupFunction, signal: AbortSignal): Promise<number> {
  const request = url.protocol === 'https:' ? requestHttps : requestHttp
  const headers = { ...post.headers, 'content-length': String(Buffer.byteLength(post.body)) }
  return new Promise((done, failed) => {
    let status: number | undefined
    const sent = request(url, { method: 'POST', headers, lookup, signal, agent: false }, (answer) => {
      status = answer.statusCode ?? 0
      let bytes = 0
      answer.on('data', (chunk: Buffer) => {
        bytes += chunk.length
        if (bytes > ANSWER_BYTES) sent.destroy()
      })
      answer.on('error', () => undefined)
      answer.on('close', () => done(status ?? 0))
    })
    // What goes wrong after the status came changes nothing: the receiver has the message.
    sent.on('error', (error) => (status === undefined ? failed(error) : done(status)))
    sent.end(post.body)
  })
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, failed) => {
    signal.addEventListener('abort', () => failed(signal.reason), { once: true })
  })
}
