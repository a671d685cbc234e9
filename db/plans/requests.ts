import { type Place, type Sealed, seal, unseal } from '../../secrets/sealed.ts'
import { keysOf } from '../keys.ts'
import type { PlanRow } from './plans.ts'

/** Metadata is the client's own: whatever it holds about people is kept as what we know about them is. */

type Request = Record<string, unknown>
type Database = Parameters<typeof keysOf>[0]

export const placeOf = (planId: string): Place => ['plans', 'request', planId]

export function sealedRequest(database: Database, planId: string, request: Request): Sealed {
  return seal(keysOf(database), placeOf(planId), JSON.stringify(request))
}

/** What the client gave when the plan was made. */
export function requestOf(database: Database, plan: Pick<PlanRow, 'id' | 'request'>): Request {
  return JSON.parse(unseal(keysOf(database), placeOf(plan.id), plan.request))
}
