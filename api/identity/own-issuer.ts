import type { FastifyRequest } from 'fastify'
import type { Role } from '../../domain/identity/roles.ts'
import { Problem } from '../http/problem.ts'

/** What a token of ours says; `customer` for roles of those who owe, `client` for those of a company. */
export type OwnClaims = { sub: string; tenant: string; roles: Role[]; customer?: string; client?: string }

/** Tenor as the issuer of its tokens, in development. `ttl` like `8h` or `30m`. */
export type OwnIssuer = { sign(claims: OwnClaims, ttl: string): Promise<string> }

type MaybeIssuer = { ownIssuer: OwnIssuer | null }

/** Short, since whoever is revoked or disabled keeps what was given until it expires. */
export const CLIENT_TOKEN_SECONDS = 15 * 60
export const USER_TOKEN_SECONDS = 60 * 60

/** The issuer, where tokens are ours to give; else a problem that says where they come from. */
export function issuerHere({ ownIssuer }: MaybeIssuer): OwnIssuer {
  if (ownIssuer) return ownIssuer
  throw new Problem(403, 'issuer_elsewhere', 'Users and API clients are kept by the OIDC issuer that tokens come from.')
}

/** For routes that are of use only where tokens are ours to give. */
export function onlyWithOwnIssuer(deps: MaybeIssuer): (request: FastifyRequest) => Promise<void> {
  return async () => void issuerHere(deps)
}
