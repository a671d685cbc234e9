import type { LookupAddress } from 'node:dns'
import { lookup } from 'node:dns/promises'
import { isIP } from 'node:net'
import { isPublicAddress } from './addresses.ts'

export type TargetPolicy = {
  /** Also takes http, and addresses that are not public: for development. */
  allowPrivate: boolean
  /** The system's own resolver, unless it says otherwise. Fails as `dns.lookup` does. */
  resolve?: ((host: string) => Promise<LookupAddress[]>) | undefined
}

/** Webhooks are not sent to this URL, and why. */
export class TargetRefused extends Error {
  override name = 'TargetRefused'
}

/**
 * The addresses that webhooks for this URL may be sent to. One address that is not public spoils them all. Throws
 * `TargetRefused`, and the resolver's own error when it cannot say for now.
 */
export async function addressesOf(url: URL, policy: TargetPolicy): Promise<LookupAddress[]> {
  const isTaken = url.protocol === 'https:' || (policy.allowPrivate && url.protocol === 'http:')
  if (!isTaken) throw new TargetRefused('The URL must begin with https://.')
  if (url.username !== '' || url.password !== '') throw new TargetRefused('The URL must not hold a user or a password.')
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1')
  const family = isIP(host)
  const addresses = family > 0 ? [{ address: host, family }] : await resolved(host, policy)
  if (addresses.length === 0) throw new TargetRefused('The host has no address.')
  if (!policy.allowPrivate && !addresses.every(({ address }) => isPublicAddress(address))) {
    throw new TargetRefused('The host is not on a public address.')
  }
  return addresses
}

async function resolved(host: string, { resolve = systemResolver }: TargetPolicy): Promise<LookupAddress[]> {
  try {
    return await resolve(host)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOTFOUND') throw error
    throw new TargetRefused('The host has no address.')
  }
}

const systemResolver = (host: string) => lookup(host, { all: true })
