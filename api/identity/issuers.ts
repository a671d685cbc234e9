import { readFile } from 'node:fs/promises'
import { createLocalJWKSet, createRemoteJWKSet, type JSONWebKeySet, type JWTVerifyGetKey } from 'jose'
import { z } from 'zod'

const Discovery = z.object({ issuer: z.string(), jwks_uri: z.url() })
const DISCOVERY_MS = 5_000

/** The keys of an OIDC issuer, found by discovery when they are first needed; rotated keys are fetched by themselves. */
export function keysOfIssuer(issuer: string): JWTVerifyGetKey {
  let found: Promise<JWTVerifyGetKey> | undefined
  return async (header, input) => {
    found ??= discover(issuer).catch((error: unknown) => {
      found = undefined
      throw error
    })
    return (await found)(header, input)
  }
}

async function discover(issuer: string): Promise<JWTVerifyGetKey> {
  const address = `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`
  const answer = await fetch(address, { signal: AbortSignal.timeout(DISCOVERY_MS) })
  if (!answer.ok) throw new Error(`${address} answers ${answer.status}`)
  const said = Discovery.parse(await answer.json())
  if (said.issuer !== issuer) throw new Error(`${address} speaks for ${said.issuer}`)
  return createRemoteJWKSet(new URL(said.jwks_uri), { timeoutDuration: DISCOVERY_MS })
}

/** The keys in a file: the development issuer's. */
export async function keysInFile(file: string): Promise<JWTVerifyGetKey> {
  return createLocalJWKSet(JSON.parse(await readFile(file, 'utf8')) as JSONWebKeySet)
}
